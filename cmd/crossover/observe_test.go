package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestLogIsOpenedAnewOnSIGHUP(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.log")
	l, err := openLog(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fmt.Fprintln(l, "before")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(l, "moved")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the log was not opened anew")
		}
	}
	// The file exists a moment before it is written to.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		fmt.Fprintln(l, "after")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "after") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is written to the new log")
		}
	}
	old, err := os.ReadFile(path + ".1")
	if err != nil || !strings.HasPrefix(string(old), "before\nmoved\n") {
		t.Errorf("the old log holds %q, %v", old, err)
	}
}

func TestLogThatCannotBeOpenedIsAUsageError(t *testing.T) {
	if _, err := openLog(t.Context(), filepath.Join(t.TempDir(), "no", "host.log")); err == nil {
		t.Error("a log in a folder that is not there was opened")
	}
}
