package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// isOfTheCAPI reports whether the backend may use a symbol: the C API's, and the one for the
// logger's level, for which the C API has no function.
func isOfTheCAPI(symbol string) bool {
	return strings.HasPrefix(symbol, "TfLite") ||
		symbol == "_ZN6tflite16logging_internal13MinimalLogger21SetMinimumLogSeverityENS_11LogSeverityE"
}

// exportOnly sets the visibility of all symbols of a shared library that keep does not accept to
// hidden, as the linker could have done. The dynamic linker then ignores them when it resolves
// symbols of other objects, and binds the library's own uses directly.
//
// A library with its own C++ runtime, compression library and unwinder must not export them to a
// driver's plug-in, which was built with others.
//
// Source: System V ABI, ELF symbol table: st_other is the sixth of an entry's 24 bytes, and its
// lowest two bits are the visibility.
func exportOnly(library string, keep func(symbol string) bool) (err error) {
	f, err := os.OpenFile(library, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	e, err := elf.NewFile(f)
	if err != nil {
		return fmt.Errorf("%s: %w", library, err)
	}
	table := e.SectionByType(elf.SHT_DYNSYM)
	symbols, err := e.DynamicSymbols() // without the empty first one
	if err != nil || e.Class != elf.ELFCLASS64 || table == nil {
		return fmt.Errorf("%s: not a 64-bit library with a symbol table: %w", library, err)
	}
	const size, other = elf.Sym64Size, 5
	entries, err := io.ReadAll(table.Open())
	if err != nil {
		return fmt.Errorf("%s: %w", library, err)
	}
	kept := 0
	for i, s := range symbols {
		switch at := &entries[(i+1)*size+other]; {
		case s.Section == elf.SHN_UNDEF:
		case keep(s.Name):
			kept++
		default:
			*at = *at&^3 | byte(elf.STV_HIDDEN)
		}
	}
	if kept == 0 {
		return fmt.Errorf("%s exports none of the wanted symbols", library)
	}
	_, err = f.WriteAt(entries, int64(table.Offset))
	return err
}
