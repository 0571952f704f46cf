// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package report

import (
	"bytes"
	"context"
	"html"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// browser finds Chromium, or skips the test by name. `.ci/run` installs it.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium on PATH (Debian's package chromium)")
	return ""
}

// chromium runs the browser once, without any network, and returns what it prints.
func chromium(t *testing.T, args ...string) string {
	t.Helper()
	path := browser(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args = append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir(),
	}, args...)
	cmd := exec.CommandContext(ctx, path, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errOut.String())
	}
	return out.String()
}

// inBrowser opens the page from a file in a frame of that width, runs a script in
// it, and returns what the script reports.
func inBrowser(t *testing.T, page string, width int, script string) string {
	t.Helper()
	page = strings.Replace(page, "</body>", `<script>addEventListener("load", () => {
  const say = (...words) => parent.document.getElementById("said").append(words.join(" ") + "\n");
  try { `+script+` } catch (e) { say("failed:", e); }
});</script></body>`, 1)
	file := filepath.Join(t.TempDir(), "page.html")
	frame := `<!doctype html><pre id="said"></pre><iframe width="` + strconv.Itoa(width) + `" height="900" srcdoc="` + html.EscapeString(page) + `"></iframe>`
	if err := os.WriteFile(file, []byte(frame), 0o600); err != nil {
		t.Fatal(err)
	}
	dom := chromium(t, "--dump-dom", "--virtual-time-budget=3000", "file://"+file)
	said := regexp.MustCompile(`(?s)<pre id="said">(.*?)</pre>`).FindStringSubmatch(dom)
	if said == nil {
		t.Fatalf("the browser shows no page: %.300s", dom)
	}
	return html.UnescapeString(said[1])
}

func page(t *testing.T, s Sections) string {
	t.Helper()
	text, err := HTML(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The script filters and sorts, everything can be reached with the keyboard, and
// no name runs.
func TestHTML_inBrowser(t *testing.T) {
	t.Parallel()
	got := inBrowser(t, page(t, sample()), 1000, `
const all = (what) => Array.from(document.querySelectorAll(what));
say("scripts", all("script").length, "images", all("img").length);
const users = all("details").find((d) => d.querySelector("summary").textContent.startsWith("Users"));
say("folded", !users.open);
users.querySelector("summary").click();
say("open", users.open);
const visible = () => Array.from(users.querySelectorAll("tbody tr")).filter((r) => !r.hidden);
const input = users.querySelector("input");
input.value = "USER/1003"; input.dispatchEvent(new Event("input"));
say("filtered", visible().length, users.querySelector(".filter .count").textContent);
input.value = ""; input.dispatchEvent(new Event("input"));
say("all", visible().length);
const sort = users.querySelectorAll("th button")[0];
sort.focus(); say("focus", document.activeElement === sort);
sort.click(); sort.click();
say("sorted", visible()[0].cells[0].textContent, users.querySelector("th").getAttribute("aria-sort"));
say("name", visible()[19].cells[1].textContent);
say("unlabelled", all("svg:not([aria-label]), th:not([scope])").length);
say("charts", all("svg").length);
`)
	for _, want := range []string{
		"scripts 2 images 0", "folded true", "open true", "filtered 1 1 of 20 rows", "all 20", "focus true",
		"sorted user/1019 descending", "name <script>alert(1)</script>", "unlabelled 0", "charts 5",
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the browser does not report %q:\n%s", want, got)
		}
	}
}

// On a phone nothing is wider than the screen, and each cell says what it is.
func TestHTML_onAPhone(t *testing.T) {
	t.Parallel()
	s := sample()
	s.Divergences.Users[0].Username = strings.Repeat("long", 60)
	got := inBrowser(t, page(t, s), 360, `
document.querySelectorAll("details").forEach((d) => (d.open = true));
say("wider by", document.documentElement.scrollWidth - document.documentElement.clientWidth);
say("label", getComputedStyle(document.querySelector("td"), "::before").content);
`)
	if !strings.Contains(got, "wider by 0\n") || !strings.Contains(got, `"What should be: "`) {
		t.Error(got)
	}
}

// Without JavaScript every row is in the page, and can be unfolded.
func TestHTML_withoutScript(t *testing.T) {
	t.Parallel()
	text := regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAllString(page(t, sample()), "")
	if got := strings.Count(text, "<tr>"); got < 50 {
		t.Errorf("%d rows", got)
	}
	if strings.Contains(text, "hidden") {
		t.Error("something is hidden without the script")
	}
}

// 10,000 rows open in under 2 s.
func TestHTML_opensManyRows(t *testing.T) {
	t.Parallel()
	got := inBrowser(t, page(t, Sections{Divergences: manyRows(10_000)}), 1000, `
say("rows", document.querySelectorAll("tbody tr").length);
`)
	if !strings.Contains(got, "rows 2") {
		t.Error(got)
	}
}

// Printed, the page has every row.
func TestHTML_prints(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, pdf := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
	if err := os.WriteFile(file, []byte(page(t, Sections{Divergences: manyRows(500)})), 0o600); err != nil {
		t.Fatal(err)
	}
	chromium(t, "--print-to-pdf="+pdf, "--no-pdf-header-footer", "file://"+file)
	raw, err := os.ReadFile(pdf)
	if err != nil {
		t.Fatal(err)
	}
	// Folded tables would fit on two pages.
	if pages := len(regexp.MustCompile(`/Type\s*/Page[^s]`).FindAll(raw, -1)); pages < 20 {
		t.Errorf("%d pages, with 1,500 rows in them", pages)
	}
}

// Text has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3) on either ground, light
// and dark.
func TestHTML_contrast(t *testing.T) {
	t.Parallel()
	schemes := regexp.MustCompile(`--back: [^}]*`).FindAllString(pageStyle, -1)
	if len(schemes) != 3 {
		t.Fatalf("%d colour schemes", len(schemes))
	}
	colour := regexp.MustCompile(`--(\w+): #([0-9a-f]{3,6})`)
	for i, scheme := range schemes {
		values := map[string]float64{}
		for _, m := range colour.FindAllStringSubmatch(scheme, -1) {
			values[m[1]] = luminance(t, m[2])
		}
		for _, text := range []string{"text", "soft", "good", "bad", "unknown", "link"} {
			for _, ground := range []string{"back", "panel"} {
				on, there := values[text]
				if !there {
					continue // Print keeps the light ones.
				}
				if got := (max(on, values[ground]) + 0.05) / (min(on, values[ground]) + 0.05); got < 4.5 {
					t.Errorf("scheme %d: %s on %s has a contrast of %.2f", i, text, ground, got)
				}
			}
		}
	}
}

// luminance is the relative luminance of a colour (WCAG 2.2).
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		c := float64(n>>(8*i)&0xff) / 255
		if c <= 0.03928 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
