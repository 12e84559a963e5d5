// SPDX-License-Identifier: LGPL-3.0-or-later
#include "replay/replay_run.h"

#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>
#include <unistd.h>

#include "load/json_object.h"
#include "replay/distinct_keys.h"
#include "replay/engine_target.h"
#include "replay/key_name.h"
#include "replay/server_target.h"
#include "store/item_size.h"

namespace rat_memcache::replay {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Result<std::unique_ptr<TraceSource>> OpenTrace(const Options& options) {
  if (!options.trace.empty()) return OpenTraceFile(options.trace, options.format);
  return MakeSyntheticTrace(options.synthetic);
}

// Null if the trace is only to be counted.
Result<std::unique_ptr<Target>> OpenTarget(const Options& options) {
  if (options.engine) return EngineTarget::Open(options.store);
  if (options.server) return ServerTarget::Open(*options.server);
  return std::unique_ptr<Target>();
}

// One line on stderr.
class Progress {
 public:
  explicit Progress(bool asked) : on_(asked || ::isatty(STDERR_FILENO) == 1) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

  // Cheap: mostly does nothing.
  void Show(uint64_t requests, const TraceSource& source, const Target* target) {
    constexpr uint64_t kSeldom = 1 << 13;
    constexpr double kIntervalSeconds = 0.2;
    if (!on_ || requests % kSeldom != 0 || SecondsSince(last_) < kIntervalSeconds) return;
    last_ = Clock::now();
    shown_ = true;
    const double misses = target == nullptr ? 0 : static_cast<double>(target->misses());
    std::fprintf(stderr, "\rrat_replay: %.0f %%, %llu requests, miss ratio %.4f\033[K",
                 100 * source.Done(), static_cast<unsigned long long>(requests),
                 misses / static_cast<double>(requests));
    std::fflush(stderr);
  }

 private:
  const bool on_;
  bool shown_ = false;
  Clock::time_point last_ = Clock::now();
};

}  // namespace

Result<std::string> Replay(const Options& options) {
  Result<std::unique_ptr<TraceSource>> opened = OpenTrace(options);
  if (!opened.ok()) return opened.error();
  TraceSource& source = *opened.value();
  const Result<std::unique_ptr<Target>> made = OpenTarget(options);
  if (!made.ok()) return made.error();
  Target* const target = made.value().get();

  const uint64_t requests_max = options.requests.value_or(std::numeric_limits<uint64_t>::max());
  const Clock::time_point start = Clock::now();
  KeyName key_name(options.key_size);
  DistinctKeys distinct;
  uint64_t distinct_bytes = 0;  // what memcached would need for one item of each key
  uint64_t requests = 0;
  uint64_t next_tick = options.rate;
  Progress progress(options.progress);
  for (TraceRequest traced; requests < requests_max && source.Next(&traced);) {
    const Request request{.id = traced.id,
                          .key = traced.text.empty() ? key_name.Of(traced.id) : traced.text,
                          .value_size = traced.value_size
                                            ? *traced.value_size
                                            : SizeByHash(traced.id, options.value_size),
                          .ttl = traced.ttl ? *traced.ttl : TtlByHash(traced.id, options.ttls)};
    ++requests;
    if (distinct.Add(request.id)) {
      distinct_bytes += store::MemcachedItemSize(request.key.size(), 0, request.value_size, true);
    }
    if (target != nullptr) {
      const Status handled = target->Handle(request);
      if (!handled.ok()) return handled.error();
      if (requests == next_tick) {
        target->Tick();
        next_tick += options.rate;
      }
    }
    progress.Show(requests, source, target);
  }
  if (source.error()) return *source.error();

  load::JsonObject report;
  report.Add("requests", requests);
  report.Add("distinct_keys", distinct.size());
  report.Add("distinct_bytes", distinct_bytes);
  if (target != nullptr) {
    const Status finished = target->Finish();
    if (!finished.ok()) return finished.error();
    report.Add("misses", target->misses());
    report.Add(
        "miss_ratio",
        requests == 0 ? 0 : static_cast<double>(target->misses()) / static_cast<double>(requests));
    target->Report(&report);
  }
  report.Add("seconds", SecondsSince(start));
  return report.Text();
}

}  // namespace rat_memcache::replay
