// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/class_stats.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "base/decimal.h"
#include "command/item_report.h"
#include "command/stat_lines.h"

namespace rat_memcache::command {
namespace {

using observe::ClassCount;
using store::ClassStats;
using store::ClassTable;
using store::SizeClasses;

// The queues of the policies by memcached's names: what is on trial, what was hit there, the rest.
constexpr size_t kHot = 0;
constexpr size_t kWarm = 1;
constexpr size_t kCold = 2;

// Pages that memcached would have for the class: it never takes one away.
uint64_t PagesOf(const SizeClasses& classes, int size_class, const ClassStats& figures) {
  const uint64_t per_page = classes.chunks_per_page(size_class);
  return (figures.items_max + per_page - 1) / per_page;
}

}  // namespace

void AppendItemStats(const Context& context, StatLines* lines) {
  const config::EngineHints hints = context.tunables->hints();
  const bool maintained = hints.lru_maintainer;
  const ClassTable table = context.cache->StatsByClass();
  const auto sums = context.counters->Sum();
  for (size_t i = 1; i < table.size(); ++i) {
    const ClassStats& figures = table[i];
    const uint64_t items = figures.items_in_all();
    if (items == 0) continue;
    const std::string prefix = "items:" + std::to_string(i) + ":";
    const auto add = [&](const char* name, uint64_t value) { lines->Add(prefix + name, value); };
    add("number", items);
    if (maintained) {
      add("number_hot", figures.items[kHot]);
      add("number_warm", figures.items[kWarm]);
      add("number_cold", figures.items[kCold]);
      if (hints.temp_lru) add("number_temp", 0);
      add("age_hot", figures.age[kHot]);
      add("age_warm", figures.age[kWarm]);
    }
    add("age", *std::max_element(figures.age.begin(), figures.age.end()));
    add("mem_requested", figures.item_bytes);
    add("evicted", figures.evicted);
    add("evicted_nonzero", figures.evicted_nonzero);
    add("evicted_time", figures.evicted_age);
    add("outofmemory", figures.no_memory);
    add("tailrepairs", 0);
    add("reclaimed", figures.reclaimed + figures.reused);
    add("expired_unfetched", figures.expired_unfetched);
    add("evicted_unfetched", figures.evicted_unfetched);
    if (maintained) add("evicted_active", figures.evicted_active);
    add("crawler_reclaimed", figures.crawler_reclaimed);
    add("crawler_items_checked", 0);
    add("lrutail_reflocked", 0);
    if (maintained) {
      for (const char* name : {"moves_to_cold", "moves_to_warm", "moves_within_lru",
                               "direct_reclaims", "hits_to_hot", "hits_to_warm"}) {
        add(name, 0);
      }
      add("hits_to_cold", sums.Of(ClassCount::kGetHits, i));
      add("hits_to_temp", 0);
    }
  }
  lines->End();
}

void AppendSlabStats(const Context& context, StatLines* lines) {
  const SizeClasses& classes = context.cache->classes();
  const ClassTable table = context.cache->StatsByClass();
  const auto sums = context.counters->Sum();
  uint64_t pages_in_all = 0;
  uint64_t active = 0;
  for (int i = 1; i <= classes.last(); ++i) {
    const auto index = static_cast<size_t>(i);
    const uint64_t pages = PagesOf(classes, i, table[index]);
    if (pages == 0) continue;
    ++active;
    pages_in_all += pages;
    const std::string prefix = std::to_string(i) + ":";
    const auto add = [&](const char* name, uint64_t value) { lines->Add(prefix + name, value); };
    const uint64_t chunks = pages * classes.chunks_per_page(i);
    const uint64_t used = table[index].items_in_all();
    add("chunk_size", classes.chunk_size(i));
    add("chunks_per_page", classes.chunks_per_page(i));
    add("total_pages", pages);
    add("total_chunks", chunks);
    add("used_chunks", used);
    add("free_chunks", chunks - used);
    add("free_chunks_end", 0);
    constexpr const char* kNames[] = {"get_hits",  "cmd_set",  "delete_hits", "incr_hits",
                                      "decr_hits", "cas_hits", "cas_badval",  "touch_hits"};
    for (size_t count = 0; count < observe::kClassCountsTotal; ++count) {
      add(kNames[count], sums.Of(static_cast<ClassCount>(count), index));
    }
  }
  lines->Add("active_slabs", active);
  lines->Add("total_malloced", pages_in_all * SizeClasses::kPageBytes);
  lines->End();
}

void AppendSizeStats(const Context& context, StatLines* lines) {
  constexpr uint64_t kBucket = 32;
  if (!context.options->hints.track_sizes) {
    lines->Add("sizes_status", "disabled");
    return lines->End();
  }
  std::map<uint64_t, uint64_t> histogram;
  cache::Cache::ScanCursor cursor;
  const auto count = [&](std::string_view, const cache::ItemView& item) {
    ++histogram[(item.item_size() + kBucket - 1) / kBucket * kBucket];
  };
  while (context.cache->ScanPart(&cursor, count)) {
  }
  for (const auto& [size, items] : histogram) {
    lines->Add(std::to_string(size), items);
  }
  lines->End();
}

void AppendCacheDump(const Context& context, std::string_view arguments, StatLines* lines) {
  constexpr size_t kBytesMax = size_t{2} << 20;
  if (!context.options->dump_enabled) {
    return lines->Refuse("CLIENT_ERROR stats cachedump not allowed\r\n");
  }
  const size_t blank = arguments.find(' ');
  if (blank == std::string_view::npos) return lines->Refuse("CLIENT_ERROR bad command line\r\n");
  const auto size_class = ParseStrict<uint32_t>(arguments.substr(0, blank));
  const std::string_view rest = arguments.substr(arguments.find_first_not_of(' ', blank));
  const auto limit = ParseStrict<uint32_t>(rest.substr(0, rest.find(' ')));
  if (!size_class || !limit) {
    return lines->Refuse("CLIENT_ERROR bad command line format\r\n");
  }
  if (*size_class >= static_cast<uint32_t>(SizeClasses::kEnd)) {
    return lines->Refuse("CLIENT_ERROR Illegal slab id\r\n");
  }
  const ClassTable table = context.cache->StatsByClass();
  if (table[*size_class].items_in_all() == 0) return lines->End();  // nothing to walk for
  std::string text;
  uint32_t shown = 0;
  bool full = false;
  cache::Cache::ScanCursor cursor;
  const auto show = [&](std::string_view key, const cache::ItemView& item) {
    if (full || item.base64_key()) return;
    const ItemReport report = ReportOf(item, key, context);
    if (report.item_class != static_cast<int>(*size_class)) return;
    const int64_t exptime = report.exptime == 0 ? 0 : context.unix_at_zero + report.exptime;
    const std::string line = "ITEM " + std::string(key) + " [" + std::to_string(item.value_size()) +
                             " b; " + std::to_string(exptime) + " s]\r\n";
    full = text.size() + line.size() > kBytesMax;
    if (full) return;
    text += line;
    full = ++shown == *limit;
  };
  while (context.cache->ScanPart(&cursor, show) && !full) {
  }
  text += protocol::ascii::kEnd;
  lines->EndWithBlock("cachedump", text);
}

}  // namespace rat_memcache::command
