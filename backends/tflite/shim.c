//go:build cgo && linux

#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tensorflow/lite/builtin_ops.h>

struct cx_reporter {
  pthread_mutex_t mu;  // worker threads report too
  size_t len;
  char text[8192];
};

cx_reporter *cx_reporter_new(void) {
  cx_reporter *r = calloc(1, sizeof *r);
  if (r != NULL) pthread_mutex_init(&r->mu, NULL);
  return r;
}

void cx_reporter_free(cx_reporter *r) {
  if (r == NULL) return;
  pthread_mutex_destroy(&r->mu);
  free(r);
}

// The first message has the cause, so what does not fit is dropped.
static void report(void *user_data, const char *format, va_list args) {
  cx_reporter *r = user_data;
  pthread_mutex_lock(&r->mu);
  size_t room = sizeof r->text - r->len;
  if (room > 2) {
    if (r->len > 0) r->text[r->len++] = '\n', room--;
    int n = vsnprintf(r->text + r->len, room, format, args);
    if (n > 0) r->len += (size_t)n < room ? (size_t)n : room - 1;
  }
  pthread_mutex_unlock(&r->mu);
}

size_t cx_reporter_take(cx_reporter *r, char *text, size_t size) {
  pthread_mutex_lock(&r->mu);
  size_t n = r->len < size - 1 ? r->len : size - 1;
  memcpy(text, r->text, n);
  text[n] = 0;
  r->len = 0;
  pthread_mutex_unlock(&r->mu);
  return n;
}

TfLiteModel *cx_load(const char *path, cx_reporter *r) {
  return TfLiteModelCreateFromFileWithErrorReporter(path, report, r);
}

void cx_options_report(TfLiteInterpreterOptions *options, cx_reporter *r) {
  TfLiteInterpreterOptionsSetErrorReporter(options, report, r);
}

// The library's struct has more members than those used here (56 bytes in 2.21.0)
// and is returned by value, so the caller needs room for all of it.
typedef struct {
  int32_t num_threads;
  uint32_t runtime_flags;
  uint32_t flags;
  char rest[500];
} xnnpack_options;

// These are looked up, not linked, so that a library without XNNPACK works for the
// backends without it.
TfLiteDelegate *cx_xnnpack_create(int threads, int *missing) {
  xnnpack_options (*defaults)(void) =
      (xnnpack_options(*)(void))dlsym(RTLD_DEFAULT, "TfLiteXNNPackDelegateOptionsDefault");
  TfLiteDelegate *(*create)(const xnnpack_options *) =
      (TfLiteDelegate * (*)(const xnnpack_options *)) dlsym(RTLD_DEFAULT, "TfLiteXNNPackDelegateCreate");
  *missing = defaults == NULL || create == NULL;
  if (*missing) return NULL;
  xnnpack_options o = defaults();
  o.num_threads = threads;
  return create(&o);
}

void cx_xnnpack_delete(TfLiteDelegate *d) {
  void (*delete)(TfLiteDelegate *) =
      (void (*)(TfLiteDelegate *))dlsym(RTLD_DEFAULT, "TfLiteXNNPackDelegateDelete");
  if (delete != NULL && d != NULL) delete(d);
}

typedef TfLiteDelegate *(*plugin_create)(char **, char **, size_t, void (*)(const char *));
typedef void (*plugin_destroy)(TfLiteDelegate *);

int cx_plugin_open(const char *library, cx_plugin *p, char *why, size_t size) {
  // The plug-in is never closed, because drivers leave threads and exit handlers.
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    const char *reason = dlerror();
    snprintf(why, size, "%s", reason != NULL ? reason : library);
    return 1;
  }
  p->create = dlsym(handle, "tflite_plugin_create_delegate");
  p->destroy = dlsym(handle, "tflite_plugin_destroy_delegate");
  if (p->create == NULL || p->destroy == NULL) {
    snprintf(why, size, "%s exports no tflite_plugin_create_delegate and tflite_plugin_destroy_delegate", library);
    return 2;
  }
  return 0;
}

// The callback of a plug-in gets no user data.
static __thread char *plugin_words;
static __thread size_t plugin_room;

static void plugin_report(const char *words) {
  if (plugin_words == NULL || words == NULL) return;
  int n = snprintf(plugin_words, plugin_room, "%s\n", words);
  if (n <= 0) return;
  size_t used = (size_t)n < plugin_room ? (size_t)n : plugin_room - 1;
  plugin_words += used, plugin_room -= used;
}

TfLiteDelegate *cx_plugin_create(cx_plugin *p, char **keys, char **values,
                                 size_t n, char *why, size_t size) {
  why[0] = 0;
  plugin_words = why, plugin_room = size;
  TfLiteDelegate *d = ((plugin_create)p->create)(keys, values, n, plugin_report);
  plugin_words = NULL, plugin_room = 0;
  return d;
}

void cx_plugin_destroy(cx_plugin *p, TfLiteDelegate *d) {
  ((plugin_destroy)p->destroy)(d);
}

static __thread TfLiteStatus (*prepare_inner)(TfLiteContext *, TfLiteDelegate *);
static __thread cx_count counted;

// own_nodes counts the nodes of the plan that no delegate took.
static int own_nodes(TfLiteContext *context) {
  TfLiteIntArray *plan = NULL;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk || plan == NULL) return 0;
  int n = 0;
  for (int i = 0; i < plan->size; i++) {
    TfLiteNode *node = NULL;
    TfLiteRegistration *registration = NULL;
    if (context->GetNodeAndRegistration(context, plan->data[i], &node, &registration) != kTfLiteOk) continue;
    if (registration->builtin_code != kTfLiteBuiltinDelegate) n++;
  }
  return n;
}

static TfLiteStatus prepare_counting(TfLiteContext *context, TfLiteDelegate *d) {
  int before = own_nodes(context);
  TfLiteStatus status = prepare_inner(context, d);
  counted.nodes += before;
  if (status == kTfLiteOk) counted.delegated += before - own_nodes(context);
  return status;
}

void cx_count_begin(TfLiteDelegate *d) {
  counted = (cx_count){0, 0};
  prepare_inner = d->Prepare;
  // A delegate of the opaque interface has no Prepare and cannot be counted.
  if (prepare_inner != NULL) d->Prepare = prepare_counting;
}

cx_count cx_count_end(TfLiteDelegate *d) {
  if (prepare_inner != NULL) d->Prepare = prepare_inner;
  prepare_inner = NULL;
  return counted;
}

void cx_silence(void) {
  // tflite::logging_internal::MinimalLogger::SetMinimumLogSeverity, where 3 is
  // an error.
  int (*set)(int) = (int (*)(int))dlsym(
      RTLD_DEFAULT, "_ZN6tflite16logging_internal13MinimalLogger21SetMinimumLogSeverityENS_11LogSeverityE");
  if (set != NULL) set(3);
}

void cx_flush(void) { fflush(NULL); }

void cx_trim(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void cx_default_signals(void) {
  static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP};
  for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) signal(crashes[i], SIG_DFL);
}
