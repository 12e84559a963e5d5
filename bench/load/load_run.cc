// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/load_run.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include "load/json_object.h"

namespace rat_memcache::load {
namespace {

constexpr uint32_t kSampleKeys = 20000;

KeyChooser ChooserOf(const Options& options) {
  if (options.zipf_theta == 0) return KeyChooser::Uniform(options.keys, options.seed);
  return KeyChooser::Zipf(options.keys, options.zipf_theta, options.seed);
}

// Every connection is a descriptor; the soft limit is often 1024.
Status AllowDescriptors(uint64_t connections) {
  constexpr uint64_t kOthers = 32;
  const uint64_t needed = connections + kOthers;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return Done{};
  limit.rlim_cur = needed;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, needed);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return Done{};
  return Error{"not allowed to open " + std::to_string(connections) +
               " connections: raise the limit first (ulimit -n " + std::to_string(needed) + ")"};
}

double Rate(uint64_t count, double seconds) { return static_cast<double>(count) / seconds; }

}  // namespace

LoadRun::LoadRun(const Options& options)
    : options_(options),
      data_{.keys = KeyText(options.key_size),
            .values = ValuePattern(options.value_size_min, options.value_size_max),
            .protocol = options.protocol},
      shared_{.data = &data_,
              .counters = &counters_,
              .faults = &faults_,
              .verify = options.verify,
              .any_key = options.any_key,
              .collect_misses = options.on_miss == MissAction::kSet},
      pool_(&shared_, &progress_, options.seed),
      mix_(&data_, ChooserOf(options),
           {.pipeline = options.pipeline,
            .keys_per_get = options.keys_per_get,
            .set_ratio = options.set_ratio,
            .requests_max =
                options.requests == 0 ? std::numeric_limits<uint64_t>::max() : options.requests,
            .seed = options.seed + 1}) {}

Status LoadRun::Run() {
  if (options_.fill_until_full) {
    return RunSteps({&LoadRun::Connect, &LoadRun::BeginWindow, &LoadRun::StoreKeys,
                     &LoadRun::EndWindow, &LoadRun::AskForSample, &LoadRun::ReadStats});
  }
  return RunSteps({&LoadRun::Connect, &LoadRun::Prefill, &LoadRun::OpenIdle, &LoadRun::WarmUp,
                   &LoadRun::BeginWindow, &LoadRun::Measure, &LoadRun::EndWindow, &LoadRun::Drain,
                   &LoadRun::AskEachIdle});
}

Status LoadRun::RunSteps(std::initializer_list<Step> steps) {
  for (const Step step : steps) {
    Status done = (this->*step)();
    if (!done.ok()) return done;
  }
  return Done{};
}

Status LoadRun::Connect() {
  Status allowed = AllowDescriptors(uint64_t{options_.connections} + options_.idle_connections);
  if (!allowed.ok()) return allowed;
  Result<Address> address = Address::Resolve(options_.host, options_.port);
  if (!address.ok()) return address.error();
  address_.emplace(std::move(address).value());
  return pool_.Open(*address_, options_.connections);
}

// The last key must be there; that all of them are would cost as much as storing them.
Status LoadRun::Prefill() {
  if (!options_.prefill) return Done{};
  Status stored = StoreKeys();
  if (!stored.ok()) return stored;
  GetListed last(&data_, {options_.keys - 1}, 1);
  const uint64_t hits_before = counters_.hits;
  Status asked = pool_.Start(0, &last);
  if (asked.ok()) asked = pool_.RunToEnd(&last);
  if (asked.ok() && counters_.hits == hits_before) {
    return Error{"the key stored last, " + data_.keys.Of(options_.keys - 1) +
                 ", is not there: give the server more memory or write fewer --keys" +
                 (faults_.total() > 0 ? " (it said: " + faults_.first + ")" : "")};
  }
  return asked;
}

Status LoadRun::StoreKeys() {
  constexpr uint32_t kStorers = 4;  // enough that the server never waits
  progress_.Begin("storing every key");
  StoreEachKey source(&data_, options_.keys);
  for (uint32_t i = 0; i < std::min(kStorers, pool_.size()); ++i) {
    Status started = pool_.Start(i, &source);
    if (!started.ok()) return started;
  }
  return pool_.RunToEnd(&source);
}

Status LoadRun::OpenIdle() {
  if (options_.idle_connections == 0) return Done{};
  Status read = ReadRss(&rss_before_idle_bytes_);
  if (read.ok()) read = pool_.Open(*address_, options_.idle_connections);
  if (read.ok()) read = ReadRss(&rss_idle_opened_bytes_);
  return read;
}

Status LoadRun::WarmUp() {
  progress_.Begin("warming up");
  for (uint32_t i = 0; i < options_.connections; ++i) {
    Status started = pool_.Start(i, &mix_);
    if (!started.ok()) return started;
  }
  const double awake = options_.idle_active_fraction * options_.idle_connections;
  for (uint32_t i = 0; i < static_cast<uint32_t>(awake); ++i) {
    Status woken = pool_.Wake(&mix_);
    if (!woken.ok()) return woken;
  }
  return pool_.RunUntil(NowNs() + static_cast<int64_t>(options_.warmup_s * 1e9), &mix_);
}

Status LoadRun::BeginWindow() {
  pool_.ClearLatency();
  Result<Moment> moment = TakeMoment();
  if (!moment.ok()) return moment.error();
  begin_ = moment.value();
  return Done{};
}

Status LoadRun::Measure() {
  progress_.Begin("measuring");
  return pool_.RunUntil(begin_.ns + static_cast<int64_t>(options_.seconds * 1e9), &mix_);
}

Status LoadRun::EndWindow() {
  Result<Moment> moment = TakeMoment();
  if (!moment.ok()) return moment.error();
  end_ = moment.value();
  return Done{};
}

Status LoadRun::Drain() {
  NoRequests nothing;
  return pool_.RunToEnd(&nothing);
}

Status LoadRun::AskEachIdle() {
  constexpr uint32_t kAtOnce = 64;
  progress_.Begin("asking on each idle connection");
  const uint64_t requests_before = counters_.requests;
  for (uint32_t begin = options_.connections; begin < pool_.size(); begin += kAtOnce) {
    const uint32_t end = std::min(begin + kAtOnce, pool_.size());
    std::vector<uint32_t> ids;
    for (uint32_t i = begin; i < end; ++i) {
      ids.push_back(i % options_.keys);
    }
    GetListed source(&data_, std::move(ids), 1);
    for (uint32_t i = begin; i < end; ++i) {
      Status started = pool_.Start(i, &source);
      if (!started.ok()) return started;
    }
    Status served = pool_.RunToEnd(&source);
    if (!served.ok()) return served;
  }
  idle_served_ = counters_.requests - requests_before;
  return ReadRss(&rss_idle_served_bytes_);
}

Status LoadRun::AskForSample() {
  constexpr uint32_t kPipeline = 100;
  progress_.Begin("asking for a sample");
  Random random(options_.seed);
  std::vector<uint32_t> ids(kSampleKeys);
  std::generate(ids.begin(), ids.end(), [&] { return random.Below(options_.keys); });
  GetListed source(&data_, std::move(ids), kPipeline);
  const Counters before = counters_;
  Status asked = pool_.Start(0, &source);
  if (asked.ok()) asked = pool_.RunToEnd(&source);
  sample_keys_ = (counters_ - before).keys;
  sample_hits_ = (counters_ - before).hits;
  return asked;
}

Status LoadRun::ReadStats() {
  Result<ServerStats> stats = ReadServerStats(*address_);
  if (!stats.ok()) return stats.error();
  stats_ = std::move(stats).value();
  return Done{};
}

Result<LoadRun::Moment> LoadRun::TakeMoment() const {
  Result<ProcessUsage> server = ReadProcessUsage(options_.server_pid);
  if (!server.ok()) return server.error();
  return Moment{.counters = counters_,
                .ns = NowNs(),
                .client = ReadOwnUsage(),
                .server = server.value(),
                .machine_cpu_s = ReadMachineCpuSeconds()};
}

Status LoadRun::ReadRss(uint64_t* bytes) const {
  Result<ProcessUsage> usage = ReadProcessUsage(options_.server_pid);
  if (!usage.ok()) return usage.error();
  *bytes = usage.value().rss_bytes;
  return Done{};
}

std::string LoadRun::Report() const {
  const Counters counters = end_.counters - begin_.counters;
  const double seconds = static_cast<double>(end_.ns - begin_.ns) / 1e9;
  const ProcessUsage client = end_.client - begin_.client;
  JsonObject json;
  json.Add("requests", counters.requests);
  json.Add("keys", counters.keys);
  json.Add("hits", counters.hits);
  json.Add("misses", counters.misses);
  json.Add("sets", counters.sets);
  json.Add("seconds", seconds);
  json.Add("requests_per_second", Rate(counters.requests, seconds));
  json.Add("keys_per_second", Rate(counters.keys, seconds));
  constexpr std::pair<const char*, double> kQuantiles[] = {{"latency_p50_us", 0.5},
                                                           {"latency_p90_us", 0.9},
                                                           {"latency_p99_us", 0.99},
                                                           {"latency_p999_us", 0.999}};
  for (const auto& [name, quantile] : kQuantiles) {
    json.Add(name, static_cast<double>(pool_.latency().QuantileNs(quantile)) / 1000);
  }
  json.Add("latency_max_us", static_cast<double>(pool_.latency().max_ns()) / 1000);
  json.Add("bytes_in", counters.bytes_in);
  json.Add("bytes_out", counters.bytes_out);
  json.Add("client_cpu_seconds", client.cpu_s);
  json.Add("client_cpu_utilisation", client.cpu_s / seconds);
  if (options_.server_pid != 0) {
    const ProcessUsage used = end_.server - begin_.server;
    json.Add("server_cpu_seconds", used.cpu_s);
    json.Add("server_user_seconds", used.user_s);
    json.Add("server_system_seconds", used.system_s);
    json.Add("server_rss_bytes", used.rss_bytes);
    const double machine_cpu_s = end_.machine_cpu_s - begin_.machine_cpu_s;
    json.Add("other_cpu_seconds", std::max(0.0, machine_cpu_s - used.cpu_s - client.cpu_s));
  }
  if (options_.idle_connections > 0) {
    json.Add("idle_connections", uint64_t{options_.idle_connections});
    json.Add("idle_connections_served", idle_served_);
    if (options_.server_pid != 0) {
      json.Add("server_rss_before_idle_bytes", rss_before_idle_bytes_);
      json.Add("server_rss_idle_opened_bytes", rss_idle_opened_bytes_);
      json.Add("server_rss_idle_served_bytes", rss_idle_served_bytes_);
    }
  }
  if (options_.fill_until_full) {
    json.Add("sample_keys", sample_keys_);
    json.Add("sample_hits", sample_hits_);
    for (const char* name : {"curr_items", "evictions", "limit_maxbytes"}) {
      const auto stat = stats_.find(name);
      if (stat != stats_.end()) {
        json.Add(name, uint64_t{std::strtoull(stat->second.c_str(), nullptr, 10)});
      }
    }
  }
  json.Add("unexpected_replies", faults_.unexpected_replies);
  json.Add("wrong_values", faults_.wrong_values);
  json.Add("first_fault", faults_.first);
  return json.Text();
}

}  // namespace rat_memcache::load
