// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// config is what the flags say.
type config struct {
	listen    string
	preset    string
	stateFile string // read
	saveFile  string // written on exit
	generate  presets.GenerateOptions
	options   simulator.Options
	shaped    []string // flags that were given and shape a fresh state only
	command   []string // to run instead of printing how to reach it
}

// parseFlags reads the arguments. It prints the flags to stderr for -help only.
func parseFlags(args []string, stderr io.Writer) (config, error) {
	var cfg config
	var aim, iamv2, injected string
	set := flag.NewFlagSet("simulator", flag.ContinueOnError)
	set.SetOutput(io.Discard) // The caller prints errors; usage is for -help only.
	set.StringVar(&cfg.listen, "listen", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	set.StringVar(&cfg.preset, "preset", "demo", "what the account holds: "+strings.Join(presets.Names(), ", "))
	set.IntVar(&cfg.generate.Users, "users", 0, "generate that many users on top of the preset")
	set.IntVar(&cfg.generate.Groups, "groups", 0, "generate that many groups")
	set.IntVar(&cfg.generate.ServicePrincipals, "service-principals", 0, "generate that many service principals")
	set.IntVar(&cfg.generate.Workspaces, "workspaces", 0, "generate that many workspaces")
	set.IntVar(&cfg.generate.Metastores, "metastores", 0, "generate that many metastores, shared by the generated workspaces")
	set.IntVar(&cfg.generate.Catalogs, "catalogs", 0, "generate that many catalogs in each generated metastore")
	set.Uint64Var(&cfg.generate.Seed, "seed", 1, "seed of the generator: the same seed, the same account")
	set.BoolVar(&cfg.generate.Tidy, "tidy", false, "generate without what makes accounts untidy: odd spellings, unsorted members, twins")
	set.StringVar(&cfg.stateFile, "state", "", "state `file`: read in place of the preset, and written on exit; it has to exist")
	set.StringVar(&cfg.saveFile, "save", "", "`file` to write the state to on exit, new or not, in place of that of -state")
	set.StringVar(&aim, "aim", "off", "automatic identity management: on or off")
	set.StringVar(&iamv2, "iam-v2", "on", "the IAM v2 API: on or off")
	set.DurationVar(&cfg.options.Latency, "latency", 0, "added to every answer, for example 20ms")
	set.StringVar(&cfg.options.RateLimits, "rate-limits", "off", "off or documented")
	set.DurationVar(&cfg.options.ConsistencyLag, "consistency-lag", 0, "how long after a write reads may show the old value")
	set.DurationVar(&cfg.options.TokenLifetime, "token-lifetime", 0, "lifetime of OAuth tokens (default 1h)")
	set.StringVar(&injected, "faults", "", "faults to inject: a JSON list, or @file")
	set.Func("assume", "decide an open question, as `key=value`; repeatable; keys: "+strings.Join(simulator.AssumptionKeys(), ", "),
		cfg.options.Assumed.Set)
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			set.SetOutput(stderr)
			set.PrintDefaults()
		}
		return config{}, err
	}
	cfg.command = set.Args()
	if flags := args[:len(args)-set.NArg()]; set.NArg() > 0 && (len(flags) == 0 || flags[len(flags)-1] != "--") {
		return config{}, fmt.Errorf("unexpected argument %q: a command follows after --, everything else is a flag, see -help", set.Arg(0))
	}
	set.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "preset", "users", "groups", "service-principals", "workspaces", "metastores", "catalogs", "seed", "tidy":
			cfg.shaped = append(cfg.shaped, "-"+f.Name)
		}
	})
	cfg.saveFile = cmp.Or(cfg.saveFile, cfg.stateFile)
	var err error
	if cfg.options.AIM, err = onOff("aim", aim); err != nil {
		return config{}, err
	}
	on, err := onOff("iam-v2", iamv2)
	if err != nil {
		return config{}, err
	}
	cfg.options.NoIAMv2 = !on
	if cfg.options.Faults, err = faults.Parse(injected); err != nil {
		return config{}, fmt.Errorf("-faults: %w", err)
	}
	return cfg, nil
}

func onOff(name, value string) (bool, error) {
	switch value {
	case "on":
		return true, nil
	case "off":
		return false, nil
	default:
		return false, fmt.Errorf("-%s %q: want on or off", name, value)
	}
}

// initialState is the content of the state file or, when none is named, the
// preset with what the generator adds.
func (c config) initialState(stderr io.Writer) (simulator.State, error) {
	if c.stateFile != "" {
		st, err := loadState(c.stateFile)
		if err == nil && len(c.shaped) > 0 {
			fmt.Fprintf(stderr, "simulator: the account comes from -state, so %s do not apply\n", strings.Join(c.shaped, ", "))
		}
		return st, err
	}
	st, err := presets.New(c.preset)
	if err != nil {
		return simulator.State{}, fmt.Errorf("-preset: %w", err)
	}
	g := c.generate
	if g.Users == 0 && g.Groups == 0 && g.ServicePrincipals == 0 && g.Workspaces == 0 && g.Metastores == 0 && g.Catalogs == 0 {
		return st, nil
	}
	st, err = presets.Generate(st, g)
	if err != nil {
		return simulator.State{}, fmt.Errorf("generating: %w", err)
	}
	return st, nil
}

func loadState(path string) (simulator.State, error) {
	f, err := os.Open(path)
	if err != nil {
		return simulator.State{}, fmt.Errorf("-state: %w; -save makes a new file", err)
	}
	defer func() { _ = f.Close() }()
	st, err := world.DecodeState(f)
	if err != nil {
		return simulator.State{}, fmt.Errorf("-state %s: %w", path, err)
	}
	return st, nil
}

// saveState replaces the file in one step, so that a crash leaves the old one.
func saveState(s *simulator.Server, path string) error {
	st, err := s.State()
	if err != nil {
		return err
	}
	raw, err := world.EncodeState(st)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing the state: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // Nothing to remove once renamed.
	_, err = tmp.Write(raw)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the state to %s: %w", path, err)
	}
	return nil
}
