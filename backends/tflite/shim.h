// What go-tflite lacks or does wrong; see the package comment.
#ifndef CROSSOVER_TFLITE_SHIM_H
#define CROSSOVER_TFLITE_SHIM_H

#include <stddef.h>
#include <tensorflow/lite/c/c_api.h>
#include <tensorflow/lite/c/common.h>

// A reporter collects the library's messages. It must outlive what reports to it.
typedef struct cx_reporter cx_reporter;
cx_reporter *cx_reporter_new(void);
void cx_reporter_free(cx_reporter *r);
// cx_reporter_take copies the messages since the last call into text, terminated by
// zero, and returns their length.
size_t cx_reporter_take(cx_reporter *r, char *text, size_t size);

TfLiteModel *cx_load(const char *path, cx_reporter *r);
void cx_options_report(TfLiteInterpreterOptions *options, cx_reporter *r);

// cx_xnnpack_create returns NULL if it fails, with *missing set if the library has
// no XNNPACK delegate.
TfLiteDelegate *cx_xnnpack_create(int threads, int *missing);
void cx_xnnpack_delete(TfLiteDelegate *d);

// A plug-in is a shared library that makes delegates.
typedef struct {
  void *create, *destroy;
} cx_plugin;
// cx_plugin_open returns 0, or nonzero with the reason in why.
int cx_plugin_open(const char *library, cx_plugin *p, char *why, size_t size);
TfLiteDelegate *cx_plugin_create(cx_plugin *p, char **keys, char **values,
                                 size_t n, char *why, size_t size);
void cx_plugin_destroy(cx_plugin *p, TfLiteDelegate *d);

// Between cx_count_begin and cx_count_end, on one thread, the delegate's
// Prepare counts the nodes of the execution plan before and after.
typedef struct {
  int nodes, delegated;
} cx_count;
void cx_count_begin(TfLiteDelegate *d);
cx_count cx_count_end(TfLiteDelegate *d);

// cx_silence limits the library's logger to errors, if the library has that switch.
void cx_silence(void);

// cx_flush flushes the C library's output streams.
void cx_flush(void);

// cx_trim returns freed memory to the system.
void cx_trim(void);

// cx_default_signals restores the default action of the signals of a crash.
void cx_default_signals(void);

#endif
