package arch

// Names of packages are relative to the module. "backends/..." stands for
// backends and every package below it. A list separates names by blanks.

// A layer is a floor of the building: its packages import each other and what
// lies below, never what lies above.
type layer struct {
	name     string
	about    string // one sentence, for the page
	packages string // a list
}

// layers reads from the program down to its foundations. The first layer that
// lists a package owns it.
var layers = []layer{
	{
		"Entry points", "The command: flags, help, and one call for each verb. The test binary: benchmarks and specs.",
		"cmd/crossover suites",
	},
	{
		"Measuring a run", "The command drives and keeps the run, the test binary takes blocks.",
		"internal/record internal/rounds internal/job internal/suite internal/measure internal/recorded internal/doctor " +
			"internal/load",
	},
	{
		"Instruments", "They measure links and the software's own cost, and keep no run.",
		"internal/instruments/...",
	},
	{
		"Judging and reporting", "They read a run, an old one or a new one, and measure nothing.",
		"internal/accept/... internal/report internal/study internal/costs internal/sheet " +
			"internal/computed internal/synthetic",
	},
	{
		"Runs and declarations", "What a run consists of, on which machine, and what was declared for it.",
		"internal/summary internal/results internal/energy internal/machine internal/declared",
	},
	{
		"Backends", "Where an inference runs: on this machine, or on a host over a link.",
		"backends/...",
	},
	{
		"Foundations", "Names, numbers, the catalog, the cost model, and files that are built in.",
		"model/... fixtures fixtures/public features suites/grids internal/grid internal/stats internal/names " +
			"internal/strictyaml internal/exit internal/arch",
	},
}

// A rule restricts the imports of some packages, or the importers of one.
type rule struct {
	who     string // the packages that the rule is for: a list
	only    string // of this project they may import only these: a list, or "none"
	never   string // they must not depend on these, not even through others: a list
	because string // completes "..., because"
	instead string // where the code belongs, as an imperative
}

var rules = []rule{
	{
		who: "model", only: "none",
		because: "the cost model is pure functions that any program can use",
		instead: "Pass what the model needs as an argument.",
	},
	{
		who: "internal/names internal/stats internal/exit", only: "none",
		because: "every other package stands on these",
		instead: "Pass the value as an argument, or move the code up to the package that needs it.",
	},
	{
		who: "internal/grid internal/strictyaml", only: "internal/names internal/strictyaml",
		because: "reading declarations must not depend on how anything is measured",
		instead: "Put what combines a grid with the catalog, hosts or links into internal/declared.",
	},
	{
		who: "fixtures", only: "internal/names internal/strictyaml",
		because: "the catalog is read by every backend and by every verb",
		instead: "Put what opens a variant into a backend, and what chooses variants into internal/declared.",
	},
	{
		who: "model/profiles", only: "model internal/names internal/strictyaml",
		because: "profiles are the cost model's data",
		instead: "Put what combines profiles with a run into internal/energy or internal/costs.",
	},
	{
		who: "backends/...", only: "backends/... internal/names fixtures model",
		because: "a backend runs inferences for whoever asks, and knows nothing of runs or statistics",
		instead: "Put what measures with a backend into internal/instruments, and what chooses one into internal/suite.",
	},
	{
		who: "internal/measure", never: "backends/tflite",
		because: "a block is measured alike on every backend",
		instead: "Extend the interfaces in backends, and choose the backend in internal/suite.",
	},
	{
		who: "internal/results internal/summary internal/stats internal/machine internal/energy internal/accept/... " +
			"internal/report internal/study internal/costs internal/sheet internal/computed internal/synthetic",
		never:   "backends/... internal/suite internal/rounds internal/measure",
		because: "what stands on a recorded run works without a runtime, without cgo and without measuring",
		instead: "Record what is needed in the run (internal/results) while measuring, and read it from there.",
	},
}

// An owner is the list of the only packages that may import a package, of this
// project or of another module.
type owner struct {
	of      string // an import path, relative for packages of this project
	may     string // a list
	because string
	instead string
}

var owners = []owner{
	{
		of: "backends/tflite", may: "internal/suite cmd/crossover backends/tflite/litert",
		because: "internal/suite decides which backends exist; the host and the comparison serve with the local one",
		instead: "Take a backends.Backend as an argument.",
	},
	{
		of: "github.com/cucumber/godog", may: "internal/accept/steps",
		because: "features are read in one place, and claims know no Gherkin",
		instead: "Add a sentence to internal/accept/steps and its claim to internal/accept.",
	},
	{
		of: "github.com/alecthomas/kong", may: "cmd/crossover",
		because: "flags belong to the command",
		instead: "Take an options struct, and fill it in cmd/crossover.",
	},
	{
		of: "github.com/onsi/ginkgo/v2", may: "suites",
		because: "specs are one way to look at a block",
		instead: "Return an error or a value, and let suites/specs_test.go turn it into a spec's outcome.",
	},
	{
		of: "C", may: "backends/tflite",
		because: "everything else builds with CGO_ENABLED=0",
		instead: "Put the call into backends/tflite and offer it through the interfaces in backends.",
	},
}
