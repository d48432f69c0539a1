package host

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/crossover-bench/crossover/backends/offload/oip"
)

// metrics counts what a host does. Its names begin with crossover_host_, and its times are in
// seconds.
//
// A label's values come from the host, never from a request: a request for a model that the host does
// not have counts for the model "unknown", so no client can make the metrics grow.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec // model, code
	bytes    *prometheus.CounterVec // direction
	running  *prometheus.GaugeVec   // model
	refused  map[reason]prometheus.Counter
	models   map[string]*modelMetrics
	other    *modelMetrics
}

// modelMetrics are those of one model, looked up once.
type modelMetrics struct {
	name                     string
	queue, fill, exec, total prometheus.Observer
	running                  prometheus.Gauge
}

// parts are the values of the label part of the time's histograms. Network is not among them: only
// the client sees it.
const (
	partQueue = "queue"
	partFill  = "fill"
	partExec  = "exec"
	partTotal = "total"
)

// unknownModel stands for every model that the host does not have.
const unknownModel = "unknown"

// newMetrics returns metrics for these models, with all series at 0, so that a rate over a first
// failure is not missing.
func newMetrics(models []Served) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crossover_host_requests_total",
			Help: "Inferences that reached the handler, by model and status code.",
		}, []string{"model", "code"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crossover_host_message_bytes_total",
			Help: "Bytes of the messages of inferences, without HTTP/2 and TLS.",
		}, []string{"direction"}),
		running: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "crossover_host_requests_in_progress",
			Help: "Inferences in the handler: waiting, running or being answered.",
		}, []string{"model"}),
		refused: make(map[reason]prometheus.Counter),
		models:  make(map[string]*modelMetrics),
	}
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "crossover_host_refused_total",
		Help: "Requests that were refused and connections that were refused or closed, by reason.",
	}, []string{"reason"})
	for _, r := range reasons {
		m.refused[r] = refused.WithLabelValues(string(r))
	}
	m.bytes.WithLabelValues("received")
	m.bytes.WithLabelValues("sent")
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "crossover_host_request_seconds",
		Help: "Times of answered inferences: waiting for an interpreter (queue), turning the image into the " +
			"tensor (fill), the invocation (exec), and all in the handler (total).",
		// From 50 µs to 26 s, each twice the one before.
		Buckets: prometheus.ExponentialBuckets(50e-6, 2, 20),
	}, []string{"model", "part"})
	m.registry.MustRegister(m.requests, m.bytes, m.running, refused, seconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	of := func(name string) *modelMetrics {
		m.requests.WithLabelValues(name, codes.OK.String())
		return &modelMetrics{
			name: name, queue: seconds.WithLabelValues(name, partQueue), fill: seconds.WithLabelValues(name, partFill),
			exec: seconds.WithLabelValues(name, partExec), total: seconds.WithLabelValues(name, partTotal),
			running: m.running.WithLabelValues(name),
		}
	}
	for _, s := range models {
		m.models[s.Name] = of(s.Name)
	}
	m.models[oip.EchoModel] = of(oip.EchoModel)
	m.other = of(unknownModel)
	return m
}

// refuse counts a refusal. It neither waits nor writes.
func (m *metrics) refuse(why reason) { m.refused[why].Inc() }

// observe is the interceptor that counts inferences. It reads the times from the answer, where the
// handler puts them for the client.
func (m *metrics) observe(
	ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler,
) (any, error) {
	in, ok := req.(*oip.ModelInferRequest)
	if !ok {
		return next(ctx, req)
	}
	of := m.models[in.ModelName]
	if of == nil {
		of = m.other
	}
	of.running.Inc()
	defer of.running.Dec()
	answer, err := next(ctx, req)
	m.requests.WithLabelValues(of.name, status.Code(err).String()).Inc()
	m.bytes.WithLabelValues("received").Add(float64(proto.Size(in)))
	out, ok := answer.(*oip.ModelInferResponse)
	if err != nil || !ok || out == nil {
		return answer, err
	}
	m.bytes.WithLabelValues("sent").Add(float64(proto.Size(out)))
	for _, p := range []struct {
		name string
		to   prometheus.Observer
	}{
		{oip.ParamQueue, of.queue}, {oip.ParamFill, of.fill}, {oip.ParamExec, of.exec}, {oip.ParamTotal, of.total},
	} {
		p.to.Observe(time.Duration(out.Parameters[p.name].GetInt64Param()).Seconds())
	}
	return answer, nil
}

// watch adds what is read from the server whenever someone asks: its models and their queues.
func (m *metrics) watch(s *Server) { m.registry.MustRegister(&repositoryCollector{s.repository}) }

// A repositoryCollector reads the state of the models.
type repositoryCollector struct{ repository *repository }

var (
	descQueue = prometheus.NewDesc("crossover_host_queue_length",
		"Requests that wait for an interpreter.", []string{"model"}, nil)
	descLoaded = prometheus.NewDesc("crossover_host_model_loaded",
		"1 if the model is loaded.", []string{"model"}, nil)
	descBroken = prometheus.NewDesc("crossover_host_model_unavailable",
		"1 if the last attempt to load the model failed.", []string{"model"}, nil)
	descDeaths = prometheus.NewDesc("crossover_host_process_deaths_total",
		"Child processes of the model that died or were killed while they ran an inference.", []string{"model"}, nil)
	descMemory = prometheus.NewDesc("crossover_host_models_bytes",
		"Memory that the loaded models take together, as --memory counts it.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *repositoryCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descQueue, descLoaded, descBroken, descDeaths, descMemory} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *repositoryCollector) Collect(ch chan<- prometheus.Metric) {
	c.repository.mu.Lock()
	defer c.repository.mu.Unlock()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	one := map[bool]float64{true: 1}
	for name, m := range c.repository.models {
		waiting := 0.0
		if m.instance != nil {
			// A request counts itself before it looks whether there is room.
			waiting = float64(min(int(m.instance.waiting.Load()), c.repository.options.Queue))
		}
		gauge(descQueue, waiting, name)
		gauge(descLoaded, one[m.instance != nil], name)
		gauge(descBroken, one[m.reason != ""], name)
		ch <- prometheus.MustNewConstMetric(descDeaths, prometheus.CounterValue, float64(m.deaths), name)
	}
	gauge(descMemory, float64(c.repository.loaded))
}

// Observation returns the pages for those who watch the host: /metrics for Prometheus and /healthz,
// which is 200 while the host accepts requests and 503 otherwise. They tell which models there are
// and how much they are used, so their address is for the lab's own network.
func (s *Server) Observation() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.health.Check(r.Context(), &healthpb.HealthCheckRequest{
			Service: oip.GRPCInferenceService_ServiceDesc.ServiceName,
		})
		if err != nil || answer.Status != healthpb.HealthCheckResponse_SERVING {
			http.Error(w, "not ready: the host is stopping", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}
