package study

// A Spread is mean, standard deviation, maximum and minimum over the 33 variants, as the study
// prints them.
type Spread struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
	Max  float64 `json:"max"`
	Min  float64 `json:"min"`
}

// per divides every figure by n.
func (s Spread) per(n float64) Spread {
	return Spread{Mean: s.Mean / n, SD: s.SD / n, Max: s.Max / n, Min: s.Min / n}
}

// thresholds are the study's, in milliseconds and millijoules.
var thresholds = []struct {
	platform           string
	host               string // where the inference runs
	tables, text       string // the link that fits the tables, and the one that the text states
	latency, high, low Spread // high and low are the energies by idle power
}{
	{
		"radio CPU", "CPU", "radio-tables", "radio",
		Spread{72, 12, 96, 59},
		Spread{220, 35, 291, 180},
		Spread{66, 11, 87, 54},
	},
	{
		"Ethernet CPU", "CPU", "ethernet-tables", "ethernet",
		Spread{29, 8, 47, 20},
		Spread{89, 25, 144, 62},
		Spread{27, 7, 43, 19},
	},
	{
		"radio GPU", "GPU", "radio-tables", "radio",
		Spread{68, 7, 79, 59},
		Spread{207, 21, 241, 180},
		Spread{62, 6, 72, 54},
	},
	{
		"Ethernet GPU", "GPU", "ethernet-tables", "ethernet",
		Spread{25, 3, 31, 21},
		Spread{76, 9, 94, 63},
		Spread{23, 3, 28, 19},
	},
}

// layerFits are the two rows of the study's table of layer fit whose print is at hand: percent of
// L1, L2 and RAM. The other nine networks follow from equation (5.1) and have no print to compare.
var layerFits = []struct {
	model   string
	input   int
	percent [3]float64
}{
	{"Mobilenet", 32, [3]float64{120, 8, 4}},
	{"VGG16", 32, [3]float64{2063, 129, 76}},
}

// contradictions are where the printed study contradicts itself, and what the model says about it.
var contradictions = []string{
	"equation (2.4) is printed as a division; joules per byte need a product",
	"the result tables fit only if an image counts one byte a pixel, its channels forgotten, and a byte costs " +
		"no energy: the links named -tables, with three times the upload rate; those named without follow the text",
	"low idle over radio to the GPU is 32 mJ in the text and 62 mJ in the table: " +
		"0.91 W for the mean latency of 68 ms is 61.9 mJ, so the table is right",
	"Ethernet to the GPU is 24 ms in the text and 25 ms in the table; " +
		"76 mJ at 3.05 W are 24.9 ms, so the table is right",
	"low idle suspends the board, and neither time nor energy for waking up is counted: " +
		"the low-idle figures are lower bounds",
	"layer fit of MobileNet 32 in L1 is printed as 120, truncated from 120.6",
}
