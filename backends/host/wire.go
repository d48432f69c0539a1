package host

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// A count adds up what a ModelInferRequest consists of, on the wire: decoding makes up to 46 bytes of
// one that is sent, so what would become too much is refused before.
type count struct {
	inputs, outputs, raw, parameters int

	blobs    int // bytes_contents
	elements int // of other typed contents
}

// errWire says that a message is not of the protocol.
var errWire = errors.New("the message cannot be decoded")

// A visit handles one field of a message. value is what a length-delimited field holds, nil for
// others.
type visit func(field protowire.Number, kind protowire.Type, value []byte) error

// walk visits the fields of a message.
func walk(message []byte, do visit) error {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errWire
		}
		message = message[n:]
		var value []byte
		if kind == protowire.BytesType {
			if value, n = protowire.ConsumeBytes(message); n >= 0 && value == nil {
				value = []byte{}
			}
		} else {
			n = protowire.ConsumeFieldValue(field, kind, message)
		}
		if n < 0 {
			return errWire
		}
		if err := do(field, kind, value); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}

// checkInfer returns an error if a ModelInferRequest has more parts than a request may have, or more
// typed elements than limit.
func checkInfer(message []byte, limit int) error {
	var c count
	if err := walk(message, c.request); err != nil {
		return err
	}
	switch {
	case c.inputs > maxTensors:
		return tooMany(c.inputs, "inputs", maxTensors)
	case c.outputs > maxTensors:
		return tooMany(c.outputs, "outputs", maxTensors)
	case c.raw > maxTensors:
		return tooMany(c.raw, "raw_input_contents", maxTensors)
	case c.blobs > maxTensors:
		return tooMany(c.blobs, "bytes_contents", maxTensors)
	case c.parameters > maxParams:
		return tooMany(c.parameters, "parameters", maxParams)
	case c.elements > limit:
		return tooMany(c.elements, "typed elements", limit)
	}
	return nil
}

func tooMany(n int, what string, limit int) error {
	return fmt.Errorf("%d %s; this host takes at most %d", n, what, limit)
}

// request visits a ModelInferRequest. The numbers are inference.proto's.
func (c *count) request(field protowire.Number, _ protowire.Type, value []byte) error {
	switch field {
	case 1:
		return name("model_name", value)
	case 2:
		return name("model_version", value)
	case 3:
		return name("id", value)
	case 4:
		c.parameters++
		return walk(value, parameter)
	case 5:
		c.inputs++
		return c.tensor(value)
	case 6:
		c.outputs++
		return walk(value, c.output)
	case 7:
		c.raw++
	}
	return nil
}

func (c *count) output(field protowire.Number, _ protowire.Type, value []byte) error {
	switch field {
	case 1:
		return name("an output's name", value)
	case 2:
		c.parameters++
		return walk(value, parameter)
	}
	return nil
}

// tensor visits an InferInputTensor.
func (c *count) tensor(message []byte) error {
	rank := 0
	return walk(message, func(field protowire.Number, kind protowire.Type, value []byte) error {
		switch field {
		case 1:
			return name("an input's name", value)
		case 2:
			return name("a datatype", value)
		case 3:
			if rank += varints(kind, value); rank > maxRank {
				return fmt.Errorf("a shape of more than %d dimensions", maxRank)
			}
		case 4:
			c.parameters++
			return walk(value, parameter)
		case 5:
			return walk(value, c.contents)
		}
		return nil
	})
}

// contents visits an InferTensorContents.
func (c *count) contents(field protowire.Number, kind protowire.Type, value []byte) error {
	switch {
	case field == 8:
		c.blobs++ // an encoded image
	case field == 6 && kind == protowire.BytesType:
		c.elements += len(value) / 4
	case field == 7 && kind == protowire.BytesType:
		c.elements += len(value) / 8
	default:
		c.elements += varints(kind, value)
	}
	return nil
}

// parameter visits an entry of a map of parameters.
func parameter(field protowire.Number, _ protowire.Type, value []byte) error {
	if field == 1 {
		return name("a parameter's name", value)
	}
	return nil
}

// varints returns how many elements a field of numbers holds: one, or those that are packed in it.
func varints(kind protowire.Type, value []byte) int {
	if kind != protowire.BytesType {
		return 1
	}
	n := 0
	for _, b := range value {
		if b < 0x80 {
			n++
		}
	}
	return n
}

func name(what string, value []byte) error {
	if len(value) > maxName {
		return fmt.Errorf("%s of %d bytes; at most %d are taken", what, len(value), maxName)
	}
	return nil
}
