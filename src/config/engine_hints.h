// What an operator can say about memcached's own engine: slabs, LRU lists, crawler, hash table.
//
// The log-structured tier has none of these. What is said is checked as memcached checks it and
// shown by `stats settings`; what has an effect all the same is marked.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rat_memcache::config {

struct EngineHints {
  // The classes in which sizes are reported (stats slabs, cls=): effect on reports.
  double growth_factor = 1.25;        // -f
  uint32_t chunk_size = 48;           // -n
  size_t slab_chunk_max = 512 << 10;  // -o slab_chunk_max, bytes
  std::vector<uint32_t> slab_sizes;   // -o slab_sizes; empty: by the two above
  bool slab_reassign = true;          // which statistics there are, and `slabs reassign`
  uint32_t slab_automove = 1;
  double slab_automove_ratio = 0.8;
  double slab_automove_freeratio = 0.01;
  uint32_t slab_automove_window = 10;
  bool chunked_items = true;  // -o no_chunked_items switches it off

  bool lru_maintainer = true;  // which statistics there are
  bool lru_segmented = true;
  uint32_t hot_lru_pct = 20;
  uint32_t warm_lru_pct = 40;
  double hot_max_factor = 0.2;
  double warm_max_factor = 2.0;
  bool temp_lru = false;  // -o temporary_ttl was given
  uint32_t temporary_ttl = 61;
  uint32_t tail_repair_time = 0;

  bool lru_crawler = true;           // effect: whether expired items are looked for
  uint32_t lru_crawler_sleep = 100;  // microseconds
  uint32_t lru_crawler_tocrawl = 0;

  uint32_t hash_power = 0;  // -o hashpower; 0: not given
  std::string hash_algorithm = "murmur3";
  bool hash_expand = true;

  bool inline_ascii_response = false;
  bool track_sizes = false;  // effect: stats sizes
  uint32_t napi_ids = 0;     // -N
};

// -o ext_path=FILE:SIZE[:BUCKET]
struct ExtstorePath {
  std::string file;
  uint64_t size = 0;  // bytes
  std::string bucket = "default";
};

// -o ext_*: memcached's disk tier. Shown; ours has settings of its own.
struct ExtstoreHints {
  std::vector<ExtstorePath> paths;  // ext_path
  uint32_t page_size_mb = 64;
  uint32_t wbuf_size = 4 << 20;  // bytes
  uint32_t threads = 1;
  uint32_t io_depth = 1;
  uint32_t item_size = 512;
  uint32_t item_age = UINT32_MAX;
  uint32_t low_ttl = 0;
  uint32_t recache_rate = 2000;
  uint32_t compact_under = 0;
  uint32_t drop_under = 0;
  uint32_t max_sleep = 1'000'000;
  double max_frag = 0.8;
  bool drop_unread = false;
};

}  // namespace rat_memcache::config
