// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter is the pause that an answer asks for: Retry-After in seconds (a
// fraction is accepted) or as an HTTP date. A date counts from the answer's own
// Date where there is one, so that the two clocks need not agree, else from
// now. A date in the past is 0. named is false without a header that can be read.
func RetryAfter(h http.Header, now time.Time) (pause time.Duration, named bool) {
	return retryAfter(h, now)
}

func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(v, 64); err == nil {
		if math.IsNaN(seconds) || seconds < 0 {
			return 0, true
		}
		// A day is beyond every budget, and the product must not overflow.
		return time.Duration(min(seconds, 86400) * float64(time.Second)), true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	return max(at.Sub(now), 0), true
}
