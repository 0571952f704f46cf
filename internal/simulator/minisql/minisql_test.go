// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package minisql_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/minisql"
)

func tables(name []string) (minisql.Table, error) {
	text := minisql.Text
	switch strings.ToLower(strings.Join(name, ".")) {
	case "system.information_schema.pets", "pets":
		return minisql.Table{Columns: []string{"NAME", "KIND", "OWNER"}, Rows: [][]minisql.Value{
			{text("Rex"), text("dog"), text("Ann's")}, {text("Tom"), text("cat"), minisql.Null}, {text("Ida"), text("dog"), text("100%")},
		}}, nil
	case "visits":
		visit := func(city, mapped, status string) []minisql.Value {
			return []minisql.Value{
				{Fields: map[string]minisql.Value{"city": text(city)}}, {Fields: map[string]minisql.Value{mapped: text("v")}}, text(status),
			}
		}
		return minisql.Table{
			Columns: []string{"place", "tags", "status"}, Structs: map[string][]string{"place": {"city"}},
			Scan: slices.Values([][]minisql.Value{visit("Rome", "aB", "200"), visit("Oslo", "a_b", "404"), visit("Rome", "c", "404")}),
		}, nil
	default:
		return minisql.Table{}, errors.New("no table " + strings.Join(name, "."))
	}
}

// show is the result as text: columns, then rows; null is a dash.
func show(t minisql.Table) string {
	lines := []string{strings.Join(t.Columns, ",")}
	for _, row := range t.Rows {
		cells := make([]string, 0, len(row))
		for _, v := range row {
			if v.Null {
				v.Text = "-"
			}
			cells = append(cells, v.Text)
		}
		lines = append(lines, strings.Join(cells, ","))
	}
	return strings.Join(lines, "|")
}

func TestQuery(t *testing.T) {
	t.Parallel()
	params := map[string]minisql.Value{"kind": minisql.Text("dog"), "none": minisql.Null}
	for query, want := range map[string]string{
		"select * from pets": "NAME,KIND,OWNER|Rex,dog,Ann's|Tom,cat,-|Ida,dog,100%",
		"SELECT name FROM system.information_schema.pets;":                                                                             "name|Rex|Tom|Ida",
		"SELECT p.Name AS n, `kind` k FROM pets p -- all\nWHERE kind='cat'":                                                            "n,k|Tom,cat",
		"SELECT name FROM pets WHERE kind = :kind ORDER BY name":                                                                       "name|Ida|Rex",
		"SELECT name FROM pets WHERE kind = :none":                                                                                     "name",
		"SELECT name FROM pets WHERE owner = 'Ann''s'":                                                                                 "name|Rex",
		`SELECT name FROM pets WHERE owner = 'Ann\'s'`:                                                                                 "name|Rex",
		`SELECT name FROM pets WHERE owner = "Ann's"`:                                                                                  "name|Rex",
		"SELECT name FROM pets WHERE owner IS NULL":                                                                                    "name|Tom",
		"SELECT name FROM pets WHERE owner IS NOT NULL AND NOT kind = 'cat'":                                                           "name|Rex|Ida",
		"SELECT name FROM pets WHERE owner <> 'x'":                                                                                     "name|Rex|Ida",
		"SELECT name FROM pets WHERE owner <=> null":                                                                                   "name|Tom",
		"SELECT name FROM pets WHERE name IN ('Rex','Tom') AND kind NOT IN ('cat')":                                                    "name|Rex",
		"SELECT name FROM pets WHERE name NOT IN ('Rex', NULL)":                                                                        "name",
		`SELECT name FROM pets WHERE owner LIKE '100\\%' OR name LIKE '_o%'`:                                                           "name|Tom|Ida",
		"SELECT name FROM pets WHERE name NOT LIKE '%e%'":                                                                              "name|Tom|Ida",
		"SELECT name FROM pets WHERE name BETWEEN 'J' AND 'S'":                                                                         "name|Rex",
		"SELECT name FROM pets WHERE (kind='dog' OR kind='cat') AND name>'R' ORDER BY 1 DESC":                                          "name|Tom|Rex",
		"SELECT concat(name, '/', kind) x, coalesce(owner, '?') FROM pets LIMIT 2":                                                     "x,coalesce(owner, ?)|Rex/dog,Ann's|Tom/cat,?",
		"SELECT lower(name) || '.' || upper(kind) AS x FROM pets WHERE trim(' a ') = 'a'":                                              "x|rex.DOG|tom.CAT|ida.DOG",
		"SELECT concat_ws('-', name, owner, kind) w, nvl(owner,'n'), ifnull(owner,'i'), nullif(kind,'cat') FROM pets WHERE name='Tom'": "w,nvl(owner, n),ifnull(owner, i),nullif(kind, cat)|Tom-cat,n,i,-",
		"SELECT CASE WHEN kind='dog' THEN 'd' ELSE 'o' END t, CASE name WHEN 'Rex' THEN 1 END FROM pets":                               "t,case(name, Rex, 1, NULL)|d,1|o,-|d,-",
		"SELECT CAST(name AS STRING) s, NULL, true, 7 FROM pets LIMIT 1":                                                               "s,NULL,true,7|Rex,-,true,7",
		"SELECT 'a' AS k, name AS v FROM pets UNION ALL SELECT 'b', kind FROM pets ORDER BY k, v LIMIT 4":                              "k,v|a,Ida|a,Rex|a,Tom|b,cat",
		"SELECT kind FROM pets UNION SELECT kind FROM pets":                                                                            "kind|dog|cat",
		"SELECT DISTINCT kind FROM pets":                                                                                               "kind|dog|cat",
		"SELECT count(*) AS n FROM pets WHERE kind='dog'":                                                                              "n|2",
		"SELECT n FROM (SELECT name AS n, kind FROM pets) AS q WHERE q.kind = 'cat'":                                                   "n|Tom",
		"(SELECT name FROM pets WHERE kind='cat') UNION ALL (SELECT 'x')":                                                              "name|Tom|x",
		"SELECT kind, count(*) AS n, min(name) first, max(owner) FROM pets GROUP BY kind ORDER BY n DESC":                              "kind,n,first,max(owner)|dog,2,Ida,Ann's|cat,1,Tom,-",
		"SELECT count(owner), min(name) FROM pets WHERE kind = 'cow'":                                                                  "count(owner),min(name)|0,-",
		"SELECT lower(k) l, count(*) n FROM (SELECT kind k, name FROM pets) q GROUP BY k LIMIT 1":                                      "l,n|dog,2",
		"SELECT kind FROM pets GROUP BY kind":                                                                                          "kind|dog|cat",
		"SELECT place.city c, coalesce(tags['aB'], v.tags['a_b']) t FROM visits v":                                                     "c,t|Rome,v|Oslo,v|Rome,-",
		"SELECT city, max(status) s FROM (SELECT place.City AS city, status FROM visits) GROUP BY city":                                "city,s|Rome,404|Oslo,404",
		"SELECT unix_millis('2026-01-01T00:00:00.250Z') m, unix_millis('x') FROM visits LIMIT 1":                                       "m,unix_millis(x)|1767225600250,-",
		"SELECT 1": "1|1",
		"/* c */ SELECT pets.name FROM pets LIMIT 0": "name",
	} {
		q, err := minisql.Parse(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		got, err := q.Run(tables, params)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if diff := cmp.Diff(want, show(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestParse_refused(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                                    "expected SELECT",
		"DROP TABLE pets":                     "expected SELECT",
		"SELECT":                              "expected an expression",
		"SELECT name FROM":                    "expected the name of a table",
		"SELECT name FROM pets WHERE":         "expected an expression",
		"SELECT name FROM pets JOIN pets":     "near 'JOIN'",
		"SELECT name FROM pets GROUP BY":      "expected an expression",
		"SELECT 1 FROM pets WHERE min(a) = 1": "cannot resolve routine `min`",
		"SELECT min(max(name)) FROM pets":     "cannot resolve routine `max`",
		"SELECT tags['a' FROM pets":           "expected ']'",
		"SELECT 'open":                        "not closed",
		"SELECT name FROM pets WHERE a IS 1":  "expected NULL",
		"SELECT a NOT 1":                      "expected IN, LIKE or BETWEEN",
		"SELECT f(1)":                         "cannot resolve routine `f`",
		"SELECT lower()":                      "does not take 0 arguments",
		"SELECT CAST(a AS INT)":               "expected STRING",
		"SELECT 1; SELECT 2":                  "near 'SELECT'",
		"SELECT 1 LIMIT x":                    "a number of rows",
		"SELECT 1 ORDER BY 0":                 "position 0",
		"SELECT ?":                            "unexpected '?'",
		"SELECT \xff":                         "no UTF-8",
		"SELECT " + strings.Repeat("(", 1000): "nested deeper",
		"SELECT " + strings.Repeat("1||", 150_000) + "1": "more than 200000",
	} {
		_, err := minisql.Parse(query)
		var syntax *minisql.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", query, err, want)
		}
	}
}

func TestRun_refused(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"SELECT x FROM pets":                           "[UNRESOLVED_COLUMN",
		"SELECT q.name FROM pets p":                    "[UNRESOLVED_COLUMN",
		"SELECT name FROM pets WHERE x = 1":            "[UNRESOLVED_COLUMN",
		"SELECT name FROM pets ORDER BY age":           "[UNRESOLVED_COLUMN",
		"SELECT DISTINCT name FROM pets ORDER BY kind": "[UNRESOLVED_COLUMN",
		"SELECT name FROM pets ORDER BY 2":             "[ORDER_BY_POS_OUT_OF_RANGE]",
		"SELECT :missing":                              "[UNBOUND_SQL_PARAMETER]",
		"SELECT name FROM dogs":                        "no table dogs",
		"SELECT name, count(*) FROM pets":              "[MISSING_GROUP_BY]",
		"SELECT name FROM pets GROUP BY kind":          "[MISSING_AGGREGATION]",
		"SELECT name FROM pets GROUP BY lower(name)":   "whole columns only",
		"SELECT place.country FROM visits":             "[FIELD_NOT_FOUND]",
		"SELECT name.first FROM pets":                  "[FIELD_NOT_FOUND]",
		"SELECT 1 UNION ALL SELECT 1, 2":               "[NUM_COLUMNS_MISMATCH]",
		"SELECT name FROM (SELECT kind FROM pets) p":   "[UNRESOLVED_COLUMN",
	} {
		q, err := minisql.Parse(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if _, err := q.Run(tables, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
}

// A subject is evaluated once, however deep.
func TestQuery_nestedCase(t *testing.T) {
	t.Parallel()
	text := "name"
	for range 50 {
		text = "CASE " + text + " WHEN 'a' THEN 1 WHEN 'b' THEN 2 WHEN 'Rex' THEN 'Rex' END"
	}
	q, err := minisql.Parse("SELECT " + text + " AS x FROM pets LIMIT 1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := q.Run(tables, nil)
	if err != nil || show(got) != "x|Rex" {
		t.Errorf("%s, %v", show(got), err)
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	q, err := minisql.Parse("SELECT 1 UNION ALL SELECT a FROM x.y UNION SELECT b FROM (SELECT b FROM z) t")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(q.Tables()); got != "[[x y] [z]]" {
		t.Error(got)
	}
}

// Whatever the text, there is an answer, and the same one twice.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"select * from pets where a like '%_' and (b in ('x') or not c is null) order by 1 desc limit 3",
		"select case a when 'x' then :p else null end || 'y' from (select 1 as a) t union select `q``r` from pets;",
		"SELECT count(*) FROM system.information_schema.pets -- x\n/* y */", "'\\", "((((", "select name like '%%%%a' from pets",
		"select place.city, count(*), min(tags['c']) from (select place, tags from visits) group by place order by 2 desc limit 1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := minisql.Parse(text)
		if err != nil {
			return
		}
		first, err1 := q.Run(tables, map[string]minisql.Value{"p": minisql.Text("v")})
		second, err2 := q.Run(tables, map[string]minisql.Value{"p": minisql.Text("v")})
		if fmt.Sprint(err1) != fmt.Sprint(err2) || show(first) != show(second) {
			t.Errorf("two runs differ: %v %v, %v %v", first, err1, second, err2)
		}
		for _, row := range first.Rows {
			if len(row) != len(first.Columns) {
				t.Errorf("%d columns, a row of %d", len(first.Columns), len(row))
			}
		}
	})
}
