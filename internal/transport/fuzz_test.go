// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzRetryAfter: a pause is never negative and, where it is in seconds, at most
// a day; a header that no one can read names none; a date counts from the
// answer's own Date, whatever the clock here says.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"0", "1", " 2 ", "1.5", "-3", "1e300", "NaN", "Inf", "0x10", "soon", "", "Thu, 01 Jan 1970 00:00:10 GMT",
		"Thursday, 01-Jan-70 00:00:10 GMT", "Thu Jan  1 00:00:10 1970", "99999999999999999999",
	} {
		f.Add(value, "Thu, 01 Jan 1970 00:00:01 GMT", int64(1_700_000_000))
		f.Add(value, "", int64(0))
	}
	f.Fuzz(func(t *testing.T, value, date string, now int64) {
		h := http.Header{"Retry-After": {value}, "Date": {date}}
		pause, named := RetryAfter(h, time.Unix(now, 0))
		if pause < 0 || !named && pause != 0 {
			t.Fatalf("%q: %s, %t", value, pause, named)
		}
		value = strings.TrimSpace(value)
		seconds, err := strconv.ParseFloat(value, 64)
		if err == nil && (!named || pause > 24*time.Hour) {
			t.Fatalf("%q: %s, %t", value, pause, named)
		}
		if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= 86400 && pause != time.Duration(n)*time.Second {
			t.Fatalf("%q: %s", value, pause)
		}
		if value == "" && named {
			t.Fatal("an empty header names a pause")
		}
		sent, err1 := http.ParseTime(date)
		at, err2 := http.ParseTime(value)
		if err1 == nil && err2 == nil && seconds == 0 {
			if want := max(at.Sub(sent), 0); !named || pause != want {
				t.Fatalf("%q after %q: %s, want %s", value, date, pause, want)
			}
		}
	})
}
