// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package transport

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// An answer is read whole whatever length it announces, and room is made for what
// it announces only within reason.
func TestReadAll(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2047, 2048, 2049, 100_000, 1<<20 + 1, 3 << 20} {
		want := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		for _, announced := range []int64{-1, 0, int64(size) - 1, int64(size), int64(size) + 1, math.MaxInt64} {
			for name, r := range map[string]io.Reader{
				"whole": bytes.NewReader(want), "end with the last bytes": iotest.DataErrReader(bytes.NewReader(want)),
			} {
				told := 0
				large := 0
				reading := bodyReading{small: smallBody, progress: func() { told++ }, large: func() (func(), error) {
					large++
					return func() { large += 10 }, nil
				}}
				got, err := reading.all(r, announced)
				if want := map[bool]int{true: 11}[size > smallBody]; large != want && size != smallBody {
					t.Errorf("%d bytes, %d announced: asked for room for a large answer and gave it back: %d, want %d", size, announced, large, want)
				}
				if err != nil || !bytes.Equal(got, want) || (told > 0) != (size > 0) {
					t.Errorf("%d bytes, %d announced, %s: %d bytes, %v, progress told %d times", size, announced, name, len(got), err, told)
				}
				if most := 3 * max(size, 1<<20); cap(got) > most {
					t.Errorf("%d bytes, %d announced: room for %d was made", size, announced, cap(got))
				}
			}
		}
	}
}

// What came before an answer broke off is there.
func TestReadAll_brokenOff(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	reading := bodyReading{small: smallBody, progress: func() {}}
	got, err := reading.all(io.MultiReader(bytes.NewReader([]byte("half")), iotest.ErrReader(broken)), 8)
	if string(got) != "half" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
}

// An answer that is small on the wire and huge when it is decompressed is given up
// at the bound, and is not asked for again.
func TestDo_tooLong(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	for range maxBody>>20 + 2 {
		if _, err := zip.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		asked++
		rw.Header().Set("Content-Encoding", "gzip")
		_, _ = rw.Write(bomb.Bytes())
	}))
	t.Cleanup(server.Close)
	c := New(Options{RetryPause: time.Millisecond})
	_, err := c.Do(t.Context(), &Request{Method: http.MethodGet, URL: server.URL})
	if err == nil || !strings.Contains(err.Error(), "more than 64 MiB") || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	if len(c.large) != 0 {
		t.Errorf("%d places for large answers are still taken", len(c.large))
	}
}

// Large answers are read two at a time, and their waiting is not the server's
// silence.
func TestDo_largeAnswersTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{RequestTimeout: time.Second, Base: roundTrip(func(r *http.Request) (*http.Response, error) {
			body := io.MultiReader(bytes.NewReader(make([]byte, 2*smallBody)), &slowly{left: 3})
			return &http.Response{StatusCode: 200, ContentLength: -1, Body: io.NopCloser(body), Request: r}, nil
		})})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				resp, err := c.Do(t.Context(), &Request{Method: http.MethodGet, URL: "https://account.example.com/"})
				if err != nil || resp.Attempts != 1 || len(resp.Body) != 2*smallBody+3 {
					t.Errorf("%v, %v", resp, err)
				}
			})
		}
		began := time.Now()
		wg.Wait()
		if took := time.Since(began); took < 8*3*600*time.Millisecond/largeReads {
			t.Errorf("all were read within %s", took)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// slowly gives some bytes, one each 600 ms.
type slowly struct{ left int }

func (s *slowly) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(600 * time.Millisecond)
	s.left--
	p[0] = 'x'
	return 1, nil
}
