// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/stats.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/version.h"
#include "command/engine_stats.h"
#include "command/stat_lines.h"
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
  lines->Add("rejected_connections", sums[Count::kConnectionsRejected]);
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
  lines->Add("bytes_read", sums[Count::kBytesRead]);
  lines->Add("bytes_written", sums[Count::kBytesWritten]);
  lines->Add("limit_maxbytes", context.cache->Stats().memory_limit);
}

void AppendServer(const Context& context, const observe::CounterRegistry::Sums& sums,
                  StatLines* lines) {
  lines->Add("accepting_conns", uint64_t{1});
  lines->Add("listen_disabled_num", sums[Count::kAcceptsPaused]);
  lines->Add("time_in_listen_disabled_us", uint64_t{0});
  lines->Add("threads", context.options->threads);
  lines->Add("conn_yields", sums[Count::kConnectionYields]);
}

void AppendEngine(const Context& context, StatLines* lines) {
  const store::StoreStats stats = context.cache->Stats();
  const store::ShardStats& total = stats.total;
  const uint64_t slots = total.index_bytes / sizeof(uint64_t);
  lines->Add("hash_power_level",
             std::max<uint64_t>(kHashPowerMin, std::bit_width(std::max<uint64_t>(slots, 1)) - 1));
  lines->Add("hash_bytes", total.index_bytes);
  lines->Add("hash_is_expanding", uint64_t{0});
  for (const char* name :
       {"slab_reassign_rescues", "slab_reassign_chunk_rescues", "slab_reassign_inline_reclaim",
        "slab_reassign_busy_items", "slab_reassign_busy_deletes", "slab_reassign_busy_nomem"}) {
    lines->Add(name, uint64_t{0});
  }
  lines->Add("slab_reassign_last_busy_status", "none");
  lines->Add("slab_reassign_running", uint64_t{0});
  lines->Add("slabs_moved", uint64_t{0});
  lines->Add("lru_crawler_running", uint64_t{0});
  lines->Add("lru_crawler_starts", total.maintenance_runs);
  lines->Add("lru_maintainer_juggles", total.maintenance_runs);
  lines->Add("malloc_fails", total.no_memory);
  for (const char* name :
       {"log_worker_dropped", "log_worker_written", "log_watcher_skipped", "log_watcher_sent",
        "log_watchers", "unexpected_napi_ids", "round_robin_fallback"}) {
    lines->Add(name, uint64_t{0});
  }
  lines->Add("bytes", total.item_bytes);
  lines->Add("curr_items", total.items);
  lines->Add("total_items", total.items_stored);
  lines->Add("slab_global_page_pool", total.free_bytes / kPageBytes);
  lines->Add("expired_unfetched", total.expired_unfetched);
  lines->Add("evicted_unfetched", total.evicted_unfetched);
  lines->Add("evicted_active", total.evicted_active);
  lines->Add("evictions", total.evictions);
  lines->Add("reclaimed", total.reclaimed);
  lines->Add("crawler_reclaimed", total.crawler_reclaimed);
  lines->Add("crawler_items_checked", total.crawler_checked);
  lines->Add("lrutail_reflocked", uint64_t{0});
  lines->Add("moves_to_cold", uint64_t{0});
  lines->Add("moves_to_warm", total.items_promoted);
  lines->Add("moves_within_lru", total.items_kept);
  lines->Add("direct_reclaims", total.segments_cleaned_inline);
  lines->Add("lru_bumps_dropped", uint64_t{0});
}

void AppendGeneral(const Context& context, StatLines* lines) {
  const auto sums = context.counters->Sum();
  AppendProcess(context, lines);
  AppendConnections(context, sums, context.counters->SumSinceStart(), lines);
  AppendCommands(context, sums, lines);
  AppendServer(context, sums, lines);
  AppendEngine(context, lines);
  lines->End();
}

// What memcached shows for options that this version does not have, in its order.
void AppendSettings(const Context& context, StatLines* lines) {
  const config::ServerOptions& options = *context.options;
  const store::StoreStats stats = context.cache->Stats();
  lines->Add("maxbytes", stats.memory_limit);
  lines->Add("maxconns", options.connections_max);
  lines->Add("tcpport", context.port);
  lines->Add("udpport", uint64_t{0});
  lines->Add("inter", options.listen_text.empty() ? "NULL" : options.listen_text);
  lines->Add("verbosity", static_cast<uint64_t>(context.log->verbosity()));
  lines->Add("oldest", uint64_t{0});
  lines->Add("evictions", stats.eviction == config::EvictionStrategy::kNone ? "off" : "on");
  lines->Add("domain_socket", "NULL");
  lines->Add("umask", "700");
  lines->Add("shutdown_command", "no");
  lines->Add("growth_factor", "1.25");
  lines->Add("chunk_size", "48");
  lines->Add("num_threads", options.threads);
  lines->Add("num_threads_per_udp", options.threads);
  lines->Add("stat_key_prefix", ":");
  lines->Add("detail_enabled", "no");
  lines->Add("reqs_per_event", options.requests_per_event);
  lines->AddYesNo("cas_enabled", options.cas_enabled);
  lines->Add("tcp_backlog", options.backlog);
  lines->Add("binding_protocol", "auto-negotiate");
  lines->Add("auth_enabled_sasl", "no");
  lines->Add("auth_enabled_ascii", "no");
  lines->Add("item_size_max", options.item_size_max);
  lines->Add("maxconns_fast", "yes");
  lines->Add("hashpower_init", uint64_t{0});
  lines->Add("slab_reassign", "yes");
  lines->Add("slab_automove", uint64_t{1});
  lines->Add("slab_automove_ratio", "0.80");
  lines->Add("slab_automove_window", uint64_t{10});
  lines->Add("slab_chunk_max", uint64_t{524288});
  lines->Add("lru_crawler", "yes");
  lines->Add("lru_crawler_sleep", uint64_t{100});
  lines->Add("lru_crawler_tocrawl", uint64_t{0});
  lines->Add("tail_repair_time", uint64_t{0});
  lines->AddYesNo("flush_enabled", options.flush_enabled);
  lines->Add("dump_enabled", "yes");
  lines->Add("hash_algorithm", "murmur3");  // of memcached's table; the index has its own
  lines->Add("lru_maintainer_thread", "yes");
  lines->Add("lru_segmented", "yes");
  lines->Add("hot_lru_pct", uint64_t{20});
  lines->Add("warm_lru_pct", uint64_t{40});
  lines->Add("hot_max_factor", "0.20");
  lines->Add("warm_max_factor", "2.00");
  lines->Add("temp_lru", "no");
  lines->Add("temporary_ttl", uint64_t{61});
  lines->Add("idle_timeout", uint64_t{0});
  lines->Add("watcher_logbuf_size", uint64_t{262144});
  lines->Add("worker_logbuf_size", uint64_t{65536});
  lines->Add("read_buf_mem_limit", uint64_t{0});
  lines->Add("track_sizes", "no");
  lines->Add("inline_ascii_response", "no");
  lines->Add("ext_item_size", uint64_t{512});
  lines->Add("ext_item_age", uint64_t{4294967295});
  lines->Add("ext_low_ttl", uint64_t{0});
  lines->Add("ext_recache_rate", uint64_t{2000});
  lines->Add("ext_wbuf_size", uint64_t{4194304});
  lines->Add("ext_compact_under", uint64_t{0});
  lines->Add("ext_drop_under", uint64_t{0});
  lines->Add("ext_max_sleep", uint64_t{1000000});
  lines->Add("ext_max_frag", "0.80");
  lines->Add("slab_automove_freeratio", "0.010");
  lines->Add("ext_drop_unread", "no");
  lines->Add("ssl_enabled", "no");
  lines->Add("ssl_chain_cert", "(null)");
  lines->Add("ssl_key", "(null)");
  lines->Add("ssl_verify_mode", uint64_t{0});
  lines->Add("ssl_keyformat", uint64_t{1});
  lines->Add("ssl_ciphers", "NULL");
  lines->Add("ssl_ca_cert", "NULL");
  lines->Add("ssl_wbuf_size", uint64_t{16384});
  lines->Add("ssl_session_cache", "no");
  lines->Add("ssl_kernel_tls", "no");
  lines->Add("ssl_min_version", "tlsv1.2");
  lines->Add("num_napi_ids", uint64_t{0});
  lines->Add("memory_file", "(null)");
  lines->Add("client_flags_size", uint64_t{4});
  lines->End();
}

}  // namespace

void AppendStats(const Context& context, std::string_view arguments, StatLines* lines) {
  if (arguments.empty()) return AppendGeneral(context, lines);
  const std::string_view word = arguments.substr(0, arguments.find(' '));
  // A sub-command may be cut short; memcached compares them in this order.
  if (std::string_view("reset").starts_with(word)) {
    context.counters->Reset();
    context.cache->ResetStats();
    return lines->EndWith(ascii::kReset);
  }
  if (std::string_view("settings").starts_with(word)) return AppendSettings(context, lines);
  if (AppendEngineStats(context, word, lines)) return;
  lines->Refuse(ascii::kError);
}

}  // namespace rat_memcache::command
