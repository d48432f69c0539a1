package offload

import (
	"fmt"

	"github.com/crossover-bench/crossover/fixtures"
)

// convert makes the session turn the image into the tensor want.
func (s *session) convert(im *fixtures.Image, want fixtures.Tensor) error {
	return fmt.Errorf("the server takes %s", want.Type)
}
