// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// examplesRoot is where the examples are, seen from this package.
const examplesRoot = "../../examples"

// plannedElsewhere are modules with inputs that only a test of their own has, and
// those that guides print and a reader applies.
var plannedElsewhere = map[string]string{
	"guides/before-aim":             "TestPrinted (docs)",
	"guides/first-audit":            "TestPrinted (docs)",
	"guides/idp-entra":              "TestPrinted (docs)",
	"guides/idp-file":               "TestPrinted (docs)",
	"guides/idp-okta":               "TestPrinted (docs)",
	"guides/remediation":            "TestPrinted (docs)",
	"pinned/apply":                  "TestPrinted (docs)",
	"pinned/audit":                  "TestPrinted (docs)",
	"field-scan":                    "TestPrinted (docs)",
	"clone":                         "TestPrinted (docs)",
	"clone-report":                  "TestPrinted (docs)",
	"migration":                     "TestProcess_migration",
	"guides/directory-from-azuread": "TestAccGuides_directoryModules",
	"guides/directory-from-okta":    "TestAccGuides_directoryModules",
	"rollback":                      "TestProcess_rollback",
	"whole-migration":               "TestProcess_migrationRollsBack",
}

// example is one folder of examples.
type example struct {
	dir     string   // slash-separated, below examplesRoot
	files   []string // what is planned together
	imports []string // import blocks, each planned with the files
	shell   []string // import commands
}

// examples lists every folder that holds an example. A file that is of no known
// kind fails the test: it would be shown to readers without ever being run.
func examples(t *testing.T) []example {
	t.Helper()
	byDir := map[string]*example{}
	var order []string
	err := filepath.WalkDir(examplesRoot, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(examplesRoot, filepath.Dir(path))
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(rel)
		if byDir[dir] == nil {
			byDir[dir] = &example{dir: dir}
			order = append(order, dir)
		}
		e, name := byDir[dir], entry.Name()
		switch {
		case strings.HasPrefix(name, "import-") && strings.HasSuffix(name, ".tf"):
			e.imports = append(e.imports, name)
		case strings.HasSuffix(name, ".tf"):
			e.files = append(e.files, name)
		case name == "import.sh":
			e.shell = append(e.shell, name)
		case strings.HasSuffix(name, ".md"), strings.HasSuffix(name, ".tfquery.hcl"), strings.HasSuffix(name, ".tftest.hcl"), strings.HasSuffix(name, ".json"):
			// Read by people, by Terraform 1.14 or by the files beside it.
		case dir == "ci/policy", dir == "ci/workflows":
			// tools/recipes runs them.
		default:
			t.Errorf("examples/%s/%s: no test knows what to do with it", dir, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]example, len(order))
	for i, dir := range order {
		out[i] = *byDir[dir]
	}
	return out
}

// workspace makes a folder with the example's files, on the account of the demo.
func (e example) workspace(t *testing.T, a account, files ...string) *workspace {
	t.Helper()
	w := newWorkspace(t, "")
	var text strings.Builder
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(examplesRoot, filepath.FromSlash(e.dir), name))
		if err != nil {
			t.Fatal(err)
		}
		w.write(name, string(content))
		text.Write(content)
	}
	if strings.Contains(text.String(), "terraform {") && !slices.Contains(files, "main.tf") {
		w.write("main.tf", "")
	}
	if !strings.Contains(text.String(), `provider "dbxidentity"`) {
		settings := "idp = { databricks = {} }"
		if strings.Contains(text.String(), "dbxidentity_scim_provisioning") || strings.Contains(text.String(), ruleResource) {
			settings = a.entra()
			w.trustsIDP(a)
		}
		w.write("test_provider.tf", "provider \"dbxidentity\" {\n  "+settings+"\n}\n")
	}
	// As a reader would set them.
	w.env = append(w.env, "DATABRICKS_HOST="+a.URL, "DATABRICKS_ACCOUNT_ID="+a.AccountID, "DATABRICKS_CLIENT_ID="+a.ClientID,
		"DATABRICKS_CLIENT_SECRET="+a.ClientSecret, "DATABRICKS_CONFIG_FILE="+filepath.Join(w.dir, "none"))
	return w
}

// TestAccExamples plans every example as it stands, with the built provider, on
// the simulated account of the demo.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	a.change(func(st *simulator.State) { // To be imported.
		st.Account.AccessRules = []simulator.AccessRule{{ExternalPrincipalID: "9564b08b-e87c-4fc3-a2f5-d027ab92d42a", DisplayName: "test", PrincipalType: "GROUP"}}
	})
	for _, e := range examples(t) {
		t.Run(e.dir, func(t *testing.T) {
			t.Parallel()
			if test := plannedElsewhere[e.dir]; test != "" {
				t.Skip("planned by " + test)
			}
			if len(e.files) == 0 {
				t.Skip("not for plans: TestProcess_query runs such a file")
			}
			e.workspace(t, a, e.files...).must(0, "plan", "-input=false")
			for _, name := range e.imports {
				w := e.workspace(t, a, append([]string{name}, e.files...)...)
				if strings.Contains(name, "identity") && strings.HasPrefix(w.must(0, "version"), "Terraform v1.11.") {
					t.Logf("%s: not planned, Terraform 1.11 knows no import by identity", name)
					continue
				}
				if out := w.must(0, "plan", "-input=false"); !strings.Contains(out, "1 to import") {
					t.Errorf("%s imports nothing:\n%s", name, out)
				}
			}
			for _, name := range e.shell {
				w := e.workspace(t, a, e.files...)
				content, err := os.ReadFile(filepath.Join(examplesRoot, filepath.FromSlash(e.dir), name))
				if err != nil {
					t.Fatal(err)
				}
				args := strings.Fields(string(content))
				if len(args) != 4 || args[0] != "terraform" || args[1] != "import" {
					t.Fatalf("%s: want `terraform import ADDRESS ID`, got %q", name, content)
				}
				w.must(0, "import", "-input=false", args[2], args[3])
			}
		})
	}
}

// TestExamples_everyKindHasOne keeps the registry pages from having no example.
func TestExamples_everyKindHasOne(t *testing.T) {
	t.Parallel()
	server := providerserver.NewProtocol6(provider.New("test")())()
	metadata, err := server.GetMetadata(t.Context(), &tfprotov6.GetMetadataRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"provider/provider.tf"}
	for _, r := range metadata.Resources {
		want = append(want, "resources/"+r.TypeName+"/resource.tf")
	}
	for _, d := range metadata.DataSources {
		want = append(want, "data-sources/"+d.TypeName+"/data-source.tf")
	}
	for _, l := range metadata.ListResources {
		want = append(want, "list-resources/"+l.TypeName+"/list-resource.tfquery.hcl")
	}
	for _, f := range metadata.Functions {
		want = append(want, "functions/"+f.Name+"/function.tf")
	}
	if len(want) < 5 {
		t.Fatalf("the provider names too little to be true: %v", want)
	}
	for _, file := range want {
		if _, err := os.Stat(filepath.Join(examplesRoot, filepath.FromSlash(file))); err != nil {
			t.Errorf("no example examples/%s", file)
		}
	}
}
