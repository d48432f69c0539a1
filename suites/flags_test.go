package suites

import (
	"flag"
	"time"

	"github.com/crossover-bench/crossover/internal/job"
)

var (
	setup    job.Setup
	npu, gpu string

	driven    = flag.Bool("job", false, "do the job that crossover writes to standard input")
	about     = flag.Bool("about", false, "print what this binary is, as JSON, and do nothing else")
	dry       = flag.Bool("dry", false, "say what would be skipped, and measure nothing")
	reference = flag.Bool("reference", false, "time the reference network before each block")
	agreement = flag.Bool("agreement", false,
		"print, as JSON, how far each compressed variant agrees with its uncompressed one, and measure nothing")
	features = flag.String("features", "", "the `folder` of features to whose limits each spec holds its combination;"+
		" features/quick with a -grid of the built-in catalog")

	combinations = flag.String("combinations", "",
		"measure only combinations whose name has this `part`, such as backend=cpu1; several with commas between")

	driversJob job.Job // only with -job
)

// The grids that benchmarks and specs take without -grid.
const benchGrid, specGrid = "quick", "tiny"

func init() {
	flag.StringVar(&setup.Grid, "grid", "",
		"the `grid` to measure, built-in or a file; quick for benchmarks, tiny for specs")
	flag.StringVar(&setup.Models, "models", "",
		"a `folder` of .tflite files of your own, measured in place of the grid's variants")
	repeatable := func(name string, to *[]string, usage string) {
		flag.Func(name, usage, func(text string) error { *to = append(*to, text); return nil })
	}
	repeatable("shape", &setup.Shapes, "the shape of an input of -models, `INPUT=1,5,128,1`; may be repeated")
	repeatable("encoding", &setup.Encodings,
		"what travels for an image of -models, `raw`, uint8 or jpeg; may be repeated")
	flag.StringVar(&setup.Fixtures, "fixtures", "",
		"the `folder` with the built variants; ../fixtures/models, or what the grid says")
	flag.StringVar(&setup.Profiles, "profiles", "", "a `file` with links of your own, laid over the built-in ones")
	flag.StringVar(&setup.Hosts, "hosts", "",
		"the `file` that declares hosts; without it offloading goes to an embedded host")
	flag.StringVar(&setup.LinkEmulation, "link-emulation", "client",
		"how links are emulated: `client` shapes the connection at this end, netem asks the kernel")
	flag.StringVar(&npu, "npu", "", "the external delegate `library` that the backend npu loads")
	flag.StringVar(&gpu, "gpu", "", "the external delegate `library` that the backend gpu loads")
}

// benchtime returns the time that -benchtime asks for, or a second if it asks for a
// count.
func benchtime() time.Duration {
	d, err := time.ParseDuration(flag.Lookup("test.benchtime").Value.String())
	if err != nil {
		return time.Second
	}
	return d
}

// given reports whether the command line has a flag.
func given(name string) (is bool) {
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}
