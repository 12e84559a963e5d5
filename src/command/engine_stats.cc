// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/engine_stats.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/version.h"
#include "command/stat_lines.h"
#include "platform/memory.h"

namespace rat_memcache::command {
namespace {

using observe::Count;

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

// "60", "600", ... and "ever" for the last.
std::string AgeName(size_t index) {
  const bool last = index + 1 == store::kEvictionAges.size();
  return "evicted_idle_below_" + (last ? "ever" : std::to_string(store::kEvictionAges[index]));
}

void AppendTier(const Context& context, const store::StoreStats& stats, StatLines* lines) {
  const store::ShardStats& total = stats.total;
  const auto sums = context.counters->Sum();
  const double misses = static_cast<double>(sums[Count::kGetMisses]);
  const double miss_ratio = Ratio(misses, misses + static_cast<double>(sums[Count::kGetHits]));

  lines->Add("shards", stats.shards);
  lines->Add("segment_bytes", stats.segment_bytes);
  lines->Add("entry_count", total.items);
  lines->Add("memory_usage", total.live_bytes);
  lines->Add("max_memory", stats.memory_limit);
  lines->Add("eviction_strategy", config::NameOf(stats.eviction));
  lines->Add("eviction_at_work", config::NameOf(stats.eviction_at_work));
  lines->Add("eviction_switches", stats.eviction_switches);

  lines->AddFraction("miss_ratio", miss_ratio);
  if (stats.miss_curve) {
    // A model's misses; the real ones give the scale.
    lines->AddFraction("miss_ratio_half_memory",
                       std::min(1.0, miss_ratio * stats.miss_curve->half));
    lines->AddFraction("miss_ratio_twice_memory", miss_ratio * stats.miss_curve->twice);
  }
  for (size_t pool = 0; pool < store::kPools; ++pool) {
    const std::string prefix = "pool" + std::to_string(pool) + "_";
    lines->Add(prefix + "bytes", total.pool_bytes[pool]);
    lines->Add(prefix + "hits", sums[observe::CountOfPool(static_cast<int>(pool))]);
    lines->Add(prefix + "evictions", total.evicted_from_pool[pool]);
  }
  lines->Add("ghost_hits", total.ghost_hits);

  lines->Add("removed_evicted", total.evictions);
  lines->Add("removed_evicted_under_pressure", total.evicted_under_pressure);
  lines->Add("removed_expired", total.expired);
  lines->Add("removed_flushed", total.flushed);
  lines->Add("removed_deleted", total.deleted);
  lines->Add("evicted_never_read", total.evicted_unfetched);
  lines->Add("evicted_idle_last", total.last_eviction_age);
  for (size_t i = 0; i < store::kEvictionAges.size(); ++i) {
    lines->Add(AgeName(i), total.evicted_at_age[i]);
  }

  lines->Add("segments_cleaned", total.segments_cleaned_inline);
  lines->Add("segments_rotated", total.segments_rotated);
  lines->Add("items_copied", total.items_kept + total.items_promoted);
  lines->AddFraction("copies_per_store",
                     Ratio(static_cast<double>(total.items_kept + total.items_promoted),
                           static_cast<double>(total.items_stored)));
  lines->Add("stores_without_memory", total.no_memory);
}

void AppendTtl(const Context& context, const store::StoreStats& stats, StatLines* lines) {
  const store::ShardStats& total = stats.total;
  const cache::CleanupStats cleanups = context.cache->Cleanups();
  const uint64_t unasked = total.crawler_reclaimed + total.reclaimed;
  lines->Add("managed_keys", total.timed_items);
  lines->Add("total_expired", total.expired);
  lines->Add("lazy_expired", total.expired - std::min(unasked, total.expired));
  lines->Add("active_expired", unasked);
  lines->Add("ttl_clamped", total.ttl_clamped);
  lines->Add("cleanup_runs", cleanups.runs);
  lines->Add("cleanup_entries", total.crawler_checked);
  lines->AddFraction("avg_cleanup_time_ms", Ratio(static_cast<double>(cleanups.microseconds) / 1000,
                                                  static_cast<double>(cleanups.runs)));
  lines->Add("default_ttl", context.options->ttl.default_ttl);
  lines->Add("max_ttl", context.options->ttl.max_ttl);
}

// A tree: every line but the last three is a part of the process's memory.
void AppendMemory(const Context& context, const store::StoreStats& stats, StatLines* lines) {
  const store::ShardStats& total = stats.total;
  uint64_t sum = 0;
  const auto add = [&](std::string_view name, uint64_t bytes) {
    lines->Add(name, bytes);
    sum += bytes;
  };
  lines->Add("memory_limit", stats.memory_limit);
  lines->Add("memory_granted", stats.memory_granted);
  lines->Add("memory_limit_max", context.cache->memory_max());
  add("memory_items", total.live_bytes);
  add("memory_dead", total.dead_bytes);
  // Segments that are not full yet, and free ones.
  add("memory_free", total.resident_bytes - total.live_bytes - total.dead_bytes);
  add("memory_index", total.index_bytes);
  add("memory_ghosts", total.policy_bytes);
  add("memory_segment_headers", total.bookkeeping_bytes);
  add("memory_models", stats.sample_bytes);
  add("memory_connections", stats.external_bytes);
  add("memory_process", context.bytes_without_cache);
  const uint64_t resident = platform::ResidentMemory();
  lines->Add("memory_sum", sum);
  lines->Add("memory_resident", resident);
  // Below zero while a part of what is counted was not touched yet.
  lines->Add("memory_unaccounted",
             std::to_string(static_cast<int64_t>(resident) - static_cast<int64_t>(sum)));
}

}  // namespace

bool AppendEngineStats(const Context& context, std::string_view word, StatLines* lines) {
  const bool all = word == "rat";
  if (!all && word != "l1" && word != "ttl" && word != "memory") return false;
  const store::StoreStats stats = context.cache->Stats();
  if (all) lines->Add("rat_memcache_version", kVersion);
  if (all || word == "l1") AppendTier(context, stats, lines);
  if (all || word == "ttl") AppendTtl(context, stats, lines);
  if (all || word == "memory") AppendMemory(context, stats, lines);
  lines->End();
  return true;
}

}  // namespace rat_memcache::command
