// What can be asked of the memory tier, and what it answers: every command of every protocol comes
// down to one of these, each a single atomic step.
//
// Times are seconds of the coarse clock at which an item dies; 0: never.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rat_memcache::store {

class Shard;
struct Bucket;

// A key and where it belongs, which is found out once per request.
struct Key {
  std::string_view text;  // 1 .. kMaxKeySize bytes
  uint64_t hash = 0;
  Shard* shard = nullptr;
  // Where PrefetchBucket() found its bucket; a hint for PrefetchItem() and nothing else.
  const Bucket* bucket = nullptr;
};

enum class PutMode : uint8_t { kSet, kAdd, kReplace, kAppend, kPrepend };

struct PutRequest {
  Key key;
  PutMode mode = PutMode::kSet;
  std::string_view value;
  uint32_t client_flags = 0;            // kAppend and kPrepend keep the item's
  uint32_t exptime = 0;                 // kAppend and kPrepend keep the item's
  std::optional<uint64_t> compare_cas;  // store only over an item with this CAS unique
  // The unique that the item gets, in place of the next one.
  std::optional<uint64_t> new_cas;
  // With compare_cas, kSet or kReplace: an item with a higher unique is stored over too, but the
  // new one is stale from the start, and keeps the time and the win mark of the old one.
  bool stale_over_newer = false;
  // kAppend, kPrepend: a missing key is stored as a new item that dies then.
  std::optional<uint32_t> create_exptime;
  bool base64_key = false;  // mark of the new item
};

enum class PutStatus : uint8_t {
  kStored,
  // kAdd on an existing key; kReplace, kAppend, kPrepend on a missing one, or one that was evicted
  // to make room
  kNotStored,
  kExists,    // the CAS unique differs
  kNotFound,  // compare_cas on a missing key
  kTooLarge,  // kAppend or kPrepend would exceed the largest item
  kNoMemory,  // nothing could be evicted to make room
};

struct [[nodiscard]] PutResult {
  PutStatus status;
  uint64_t cas = 0;         // of the item now stored; 0 if nothing was, or with CAS switched off
  uint32_t value_size = 0;  // of the item now stored
  uint64_t item_size =
      0;  // as memcached counts it; of the item now stored, or that stood in the way
};

struct DeleteRequest {
  Key key;
  std::optional<uint64_t> compare_cas;  // only an item with this CAS unique
  // The item stays, marked as stale, with a new unique and without its win mark: who asks next is
  // told to bring it up to date.
  bool mark_stale = false;
  // The item stays without its value, and with these client flags.
  bool empty_value = false;
  uint32_t client_flags = 0;
  // Of an item that stays. Left out: empty_value makes it never, mark_stale keeps it.
  std::optional<uint32_t> exptime;
  std::optional<uint64_t> new_cas;
};
enum class DeleteStatus : uint8_t { kDone, kNotFound, kExists, kNoMemory };
struct [[nodiscard]] DeleteResult {
  DeleteStatus status;
  // Of the item that was found; the first as memcached counts it.
  uint64_t item_size = 0;
  uint32_t value_size = 0;
};

enum class Direction : uint8_t { kUp, kDown };

struct CountRequest {
  Key key;
  uint64_t delta = 1;
  Direction direction = Direction::kUp;
  std::optional<uint64_t> compare_cas;  // only an item with this CAS unique
  // A missing key is stored with this number; the delta is not applied.
  struct Create {
    uint64_t number = 0;
    uint32_t exptime = 0;
  };
  std::optional<Create> create;
  std::optional<uint32_t> exptime;  // from now on
  std::optional<uint64_t> new_cas;
};
enum class CountStatus : uint8_t { kCounted, kCreated, kNotFound, kExists, kNotANumber, kNoMemory };
struct [[nodiscard]] CountResult {
  CountStatus status;
  uint64_t value = 0;
  uint64_t cas = 0;
  uint32_t exptime_before = 0;
  uint32_t exptime = 0;
  uint64_t item_size = 0;  // as memcached counts it, before
};

// A read that may change the item, or make one. See Shard::Fetch().
struct FetchRequest {
  Key key;
  bool counts_as_use = true;
  std::optional<uint32_t> exptime;  // from now on
  // A missing key is stored as an empty item, and the caller is to fill it.
  struct Create {
    uint32_t exptime = 0;
    std::optional<uint64_t> cas;
    bool is_final = false;  // the exptime below is not for this item
  };
  std::optional<Create> create;
  // Who asks for an item that dies before this second is to bring it up to date, unless somebody
  // was told so already.
  std::optional<uint32_t> recache_before;
  bool recache_after_touch = false;  // judged by `exptime`
};

// What a fetch did beside reading.
struct FetchEffects {
  bool created = false;
  bool won = false;         // the caller is to bring the item up to date
  bool won_before = false;  // somebody else was told so
  // Of the item as it was found, or created.
  uint32_t exptime_before = 0;
  bool fetched_before = false;
  uint32_t idle_seconds_before = 0;
};

enum class Found : uint8_t {
  kHit,
  kMiss,     // no such key
  kExpired,  // there was one, but its time is over
  kFlushed,  // there was one, but it was flushed
};

}  // namespace rat_memcache::store
