package synthetic_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
	"github.com/crossover-bench/crossover/internal/synthetic"
)

var update = flag.Bool("update", false, "write the example of features/product again")

// The committed example holds what Product makes up, and says that nobody measured it.
func TestProductIsTheExampleOfItsFeatures(t *testing.T) {
	const dir = "../../features/product/example"
	want, err := synthetic.Product()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		temp := t.TempDir()
		if err := synthetic.Write(temp, want); err != nil {
			t.Fatal(err)
		}
		written, err := filepath.EvalSymlinks(filepath.Join(temp, "latest"))
		if err == nil {
			err = os.RemoveAll(dir)
		}
		if err == nil {
			err = os.CopyFS(dir, os.DirFS(written))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Blocks, want.Blocks) {
		t.Error("the example is out of date; go test ./internal/synthetic -update")
	}
	if got.Meta.Synthetic == "" || got.Meta.Config["machine"] != "synthetic" || len(got.Notes) > 0 {
		t.Errorf("the example does not say that it is synthetic: %+v, %v", got.Meta, got.Notes)
	}
	for _, b := range got.Blocks {
		if b.Origin != names.Computed {
			t.Fatalf("%s has the origin %q", b.Combination.Name(), b.Origin)
		}
	}
	var size int64
	for _, name := range []string{"run.json", "bench.txt", "samples.csv.gz"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > 1<<20 {
		t.Errorf("the example takes %d bytes, want less than 1 MiB", size)
	}
}
