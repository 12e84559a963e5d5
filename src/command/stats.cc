// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/stats.h"

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <string>

#include "base/version.h"
#include "command/class_stats.h"
#include "command/engine_stats.h"
#include "command/stat_lines.h"
#include "command/stats_settings.h"
#include "command/streaming_commands.h"
#include "platform/process.h"
#include "protocol/ascii_reply.h"

namespace rat_memcache::command {
namespace {

namespace ascii = protocol::ascii;
using observe::Count;

constexpr size_t kPointerBits = sizeof(void*) * 8;
// memcached reports at least this; tools divide by it.
constexpr uint64_t kHashPowerMin = 16;
constexpr uint64_t kPageBytes = 1 << 20;  // of memcached's pages, the unit of slab_global_page_pool

void AppendProcess(const Context& context, StatLines* lines) {
  // memcached dates its start back by 62 seconds and takes 60 off again.
  const uint32_t now = context.cache->Now();
  lines->Add("pid", static_cast<uint64_t>(platform::ProcessId()));
  lines->Add("uptime", now - (CoarseClock::kStartSeconds - 2));
  lines->Add("time", static_cast<uint64_t>(context.unix_at_zero + now));
  lines->Add("version", kMemcachedVersion);
  lines->Add("libevent", context.event_backend);
  lines->Add("pointer_size", kPointerBits);
  const platform::CpuTime cpu = platform::ProcessCpuTime();
  lines->AddSeconds("rusage_user", cpu.user_us);
  lines->AddSeconds("rusage_system", cpu.system_us);
}

void AppendConnections(const Context& context, const observe::CounterRegistry::Sums& sums,
                       const observe::CounterRegistry::Sums& since_start, StatLines* lines) {
  const uint64_t open =
      since_start[Count::kConnectionsOpened] - since_start[Count::kConnectionsClosed];
  lines->Add("max_connections", context.options->connections_max);
  lines->Add("curr_connections", open > 0 ? open - 1 : 0);  // listeners count, but for one
  lines->Add("total_connections", sums[Count::kConnectionsOpened]);
  if (context.options->maxconns_fast) {
    lines->Add("rejected_connections", sums[Count::kConnectionsRejected]);
  }
  lines->Add("connection_structures", open);
  // Pools that memcached has and we do not.
  for (const char* name : {"response_obj_oom", "response_obj_count", "response_obj_bytes",
                           "read_buf_count", "read_buf_bytes", "read_buf_bytes_free"}) {
    lines->Add(name, uint64_t{0});
  }
  lines->Add("read_buf_oom", sums[Count::kBuffersRefused]);
  lines->Add("reserved_fds", uint64_t{5} * context.options->threads);
}

void AppendCommands(const Context& context, const observe::CounterRegistry::Sums& sums,
                    StatLines* lines) {
  lines->Add("cmd_get", sums[Count::kCmdGet]);
  lines->Add("cmd_set", sums[Count::kCmdSet]);
  lines->Add("cmd_flush", sums[Count::kCmdFlush]);
  lines->Add("cmd_touch", sums[Count::kCmdTouch]);
  lines->Add("cmd_meta", sums[Count::kCmdMeta]);
  lines->Add("get_hits", sums[Count::kGetHits]);
  lines->Add("get_misses", sums[Count::kGetMisses]);
  lines->Add("get_expired", sums[Count::kGetExpired]);
  lines->Add("get_flushed", sums[Count::kGetFlushed]);
  lines->Add("delete_misses", sums[Count::kDeleteMisses]);
  lines->Add("delete_hits", sums[Count::kDeleteHits]);
  lines->Add("incr_misses", sums[Count::kIncrMisses]);
  lines->Add("incr_hits", sums[Count::kIncrHits]);
  lines->Add("decr_misses", sums[Count::kDecrMisses]);
  lines->Add("decr_hits", sums[Count::kDecrHits]);
  lines->Add("cas_misses", sums[Count::kCasMisses]);
  lines->Add("cas_hits", sums[Count::kCasHits]);
  lines->Add("cas_badval", sums[Count::kCasBadval]);
  lines->Add("touch_hits", sums[Count::kTouchHits]);
  lines->Add("touch_misses", sums[Count::kTouchMisses]);
  lines->Add("store_too_large", sums[Count::kStoreTooLarge]);
  lines->Add("store_no_memory", sums[Count::kStoreNoMemory]);
  lines->Add("auth_cmds", sums[Count::kAuthCmds]);
  lines->Add("auth_errors", sums[Count::kAuthErrors]);
  if (context.options->idle_timeout != 0) lines->Add("idle_kicks", sums[Count::kIdleKicks]);
  lines->Add("bytes_read", sums[Count::kBytesRead]);
  lines->Add("bytes_written", sums[Count::kBytesWritten]);
  lines->Add("limit_maxbytes", context.cache->Stats().memory_limit);
}

void AppendServer(const Context& context, const observe::CounterRegistry::Sums& sums,
                  StatLines* lines) {
  lines->Add("accepting_conns",
             uint64_t{context.accepting == nullptr ||
                      context.accepting->accepting.load(std::memory_order_relaxed)});
  lines->Add("listen_disabled_num", sums[Count::kListenDisabled] + sums[Count::kAcceptsPaused]);
  lines->Add("time_in_listen_disabled_us", sums[Count::kListenDisabledUs]);
  lines->Add("threads", context.options->threads);
  lines->Add("conn_yields", sums[Count::kConnectionYields]);
}

void AppendZeros(std::initializer_list<const char*> names, StatLines* lines) {
  for (const char* name : names) {
    lines->Add(name, uint64_t{0});
  }
}

void AppendIndex(const store::ShardStats& total, StatLines* lines) {
  const uint64_t slots = total.index_bytes / sizeof(uint64_t);
  lines->Add("hash_power_level",
             std::max<uint64_t>(kHashPowerMin, std::bit_width(std::max<uint64_t>(slots, 1)) - 1));
  lines->Add("hash_bytes", total.index_bytes);
  lines->Add("hash_is_expanding", uint64_t{0});
}

void AppendTls(const Context& context, const observe::CounterRegistry::Sums& sums,
               StatLines* lines) {
  const config::TlsOptions& tls = context.options->tls;
  if (!tls.enabled) return;
  if (tls.session_cache) lines->Add("ssl_new_sessions", sums[Count::kSslNewSessions]);
  lines->Add("ssl_handshake_errors", sums[Count::kSslHandshakeErrors]);
  lines->Add("ssl_proto_errors", sums[Count::kSslProtoErrors]);
  lines->Add("time_since_server_cert_refresh",
             static_cast<uint64_t>(
                 context.seconds_since_cert_refresh ? context.seconds_since_cert_refresh() : 0));
}

// Some lines are there only with the part of memcached's engine that they tell of.
void AppendEngine(const Context& context, const observe::CounterRegistry::Sums& sums,
                  StatLines* lines) {
  const config::EngineHints& hints = context.options->hints;
  const store::StoreStats stats = context.cache->Stats();
  const store::ShardStats& total = stats.total;
  AppendIndex(total, lines);
  if (hints.slab_reassign) {
    AppendZeros(
        {"slab_reassign_rescues", "slab_reassign_chunk_rescues", "slab_reassign_inline_reclaim",
         "slab_reassign_busy_items", "slab_reassign_busy_deletes", "slab_reassign_busy_nomem"},
        lines);
    lines->Add("slab_reassign_last_busy_status", "none");
    AppendZeros({"slab_reassign_running", "slabs_moved"}, lines);
  }
  if (hints.lru_crawler) {
    lines->Add("lru_crawler_running", uint64_t{0});
    lines->Add("lru_crawler_starts", total.maintenance_runs);
  }
  if (hints.lru_maintainer) lines->Add("lru_maintainer_juggles", total.maintenance_runs);
  lines->Add("malloc_fails", total.no_memory);
  const observe::WatchHub::Counts watch = context.watch->counts();
  lines->Add("log_worker_dropped", uint64_t{0});
  lines->Add("log_worker_written", watch.written);
  lines->Add("log_watcher_skipped", watch.skipped);
  lines->Add("log_watcher_sent", watch.sent);
  lines->Add("log_watchers", watch.watchers);
  AppendTls(context, sums, lines);
  AppendZeros({"unexpected_napi_ids", "round_robin_fallback"}, lines);
  lines->Add("bytes", total.item_bytes);
  lines->Add("curr_items", total.items);
  lines->Add("total_items", total.items_stored);
  lines->Add("slab_global_page_pool", total.free_bytes / kPageBytes);
  lines->Add("expired_unfetched", total.expired_unfetched);
  lines->Add("evicted_unfetched", total.evicted_unfetched);
  if (hints.lru_maintainer) lines->Add("evicted_active", total.evicted_active);
  lines->Add("evictions", total.evictions);
  lines->Add("reclaimed", total.reclaimed + total.reused);
  lines->Add("crawler_reclaimed", total.crawler_reclaimed);
  lines->Add("crawler_items_checked", total.crawler_checked);
  lines->Add("lrutail_reflocked", uint64_t{0});
  if (hints.lru_maintainer) {
    lines->Add("moves_to_cold", uint64_t{0});
    lines->Add("moves_to_warm", total.items_promoted);
    lines->Add("moves_within_lru", total.items_kept);
    lines->Add("direct_reclaims", total.segments_cleaned_inline);
    lines->Add("lru_bumps_dropped", uint64_t{0});
  }
}

void AppendConnectionStats(const Context& context, StatLines* lines) {
  context.connections->ForEach([&](const observe::ConnectionReport& connection) {
    const std::string prefix = std::to_string(connection.handle) + ":";
    if (connection.udp) lines->Add(prefix + "UDP", "UDP");
    lines->Add(prefix + "addr", connection.address);
    if (!connection.listen_address.empty()) {
      lines->Add(prefix + "listen_addr", connection.listen_address);
    }
    lines->Add(prefix + "state", connection.state);
    if (connection.seconds_since_command) {
      lines->Add(prefix + "secs_since_last_cmd", *connection.seconds_since_command);
    }
  });
  lines->End();
}

void AppendGeneral(const Context& context, StatLines* lines) {
  const auto sums = context.counters->Sum();
  AppendProcess(context, lines);
  AppendConnections(context, sums, context.counters->SumSinceStart(), lines);
  AppendCommands(context, sums, lines);
  AppendServer(context, sums, lines);
  AppendEngine(context, sums, lines);
  lines->End();
}

void Reset(const Context& context, StatLines* lines) {
  context.counters->Reset();
  context.cache->ResetStats();
  context.prefixes->Reset();
  lines->EndWith(ascii::kReset);
}

void AppendDetail(const Context& context, std::string_view arguments, StatLines* lines) {
  if (!context.options->dump_enabled) {
    return lines->Refuse("CLIENT_ERROR stats detail not allowed\r\n");
  }
  if (arguments == "on" || arguments == "off") {
    context.prefixes->Enable(arguments == "on");
    return lines->EndWith(ascii::kOk);
  }
  if (arguments != "dump") {
    return lines->Refuse("CLIENT_ERROR usage: stats detail on|off|dump\r\n");
  }
  lines->EndWithBlock("detailed", context.prefixes->Dump() + std::string(ascii::kEnd));
}

}  // namespace

void AppendStats(const Context& context, std::string_view arguments, StatLines* lines) {
  if (arguments.empty()) return AppendGeneral(context, lines);
  const size_t blank = std::min(arguments.find(' '), arguments.size());
  const std::string_view word = arguments.substr(0, blank);
  const size_t rest_at = std::min(arguments.find_first_not_of(' ', blank), arguments.size());
  const std::string_view rest = arguments.substr(rest_at);
  // Some may be cut short; memcached compares them in this order.
  const auto is = [&](std::string_view name) { return name.starts_with(word); };
  if (is("reset")) return Reset(context, lines);
  if (is("detail")) return AppendDetail(context, rest, lines);
  if (is("settings")) return AppendSettings(context, lines);
  if (is("cachedump")) return AppendCacheDump(context, rest, lines);
  if (is("conns")) return AppendConnectionStats(context, lines);
  if (is("extstore")) return lines->End();  // there is none
  if (word == "items") return AppendItemStats(context, lines);
  if (word == "slabs") return AppendSlabStats(context, lines);
  if (word == "sizes") return AppendSizeStats(context, lines);
  if (word == "streaming") return AppendStreamingStats(context, lines);
  if (AppendEngineStats(context, word, lines)) return;
  lines->Refuse(ascii::kError);
}

}  // namespace rat_memcache::command
