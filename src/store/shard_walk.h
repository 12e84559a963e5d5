// How a segment's live records are walked, for cleaning and maintenance.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>

#include "base/hash.h"
#include "store/shard.h"

namespace rat_memcache::store {

template <class Wanted, class OnItem, class OnPiece>
void Shard::WalkLive(SegmentId id, Wanted&& wanted, OnItem&& on_item, OnPiece&& on_piece) {
  // Every item costs a visit to its bucket somewhere in the index: fetch a few at a time.
  struct Item {
    char* at;
    uint64_t hash;
  };
  std::array<Item, 16> batch;
  size_t batched = 0;
  const auto visit_batch = [&]() RAT_REQUIRES(mutex_) {
    for (size_t i = 0; i < batched; ++i) {
      on_item(batch[i].at, batch[i].hash);
    }
    batched = 0;
  };
  for (char* at = log_->Begin(id); at < log_->End(id); at += SizeOfRecord(at)) {
    switch (KindOfRecord(at)) {
      case RecordKind::kFiller:
        break;
      case RecordKind::kItem: {
        const ItemRecord record(at);
        if (record.dead() || !wanted(record)) break;
        batch[batched] = {at, HashBytes(record.key(), shared_->seed)};
        index_->Prefetch(batch[batched].hash);
        if (++batched == batch.size()) visit_batch();
        break;
      }
      case RecordKind::kPieceOfValue:
        visit_batch();  // one of its items may own the piece
        if (!PieceRecord(at).dead()) on_piece(at);
        break;
    }
  }
  visit_batch();
}

}  // namespace rat_memcache::store
