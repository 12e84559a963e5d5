// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/request_source.h"

#include <algorithm>

namespace rat_memcache::load {

void StoreEachKey::Fill(Batch* batch, std::vector<uint32_t>*) {
  constexpr size_t kBatchBytes = 32768;
  while (next_ < keys_ && batch->size() < kBatchBytes) {
    batch->AddSet(*data_, next_++);
  }
}

void GetListed::Fill(Batch* batch, std::vector<uint32_t>*) {
  const size_t end = std::min(next_ + keys_per_batch_, ids_.size());
  for (; next_ < end; ++next_) {
    batch->AddGet(*data_, {&ids_[next_], 1});
  }
}

MixedRequests::MixedRequests(const Data* data, KeyChooser chooser, const Shape& shape)
    : data_(data),
      chooser_(std::move(chooser)),
      pipeline_(shape.pipeline),
      set_share_(static_cast<uint64_t>(shape.set_ratio * 4294967296.0)),
      random_(shape.seed),
      keys_per_get_(shape.keys_per_get),
      requests_left_(shape.requests_max),
      ids_(size_t{shape.pipeline} * shape.keys_per_get) {}

void MixedRequests::Fill(Batch* batch, std::vector<uint32_t>* missed_ids) {
  // Drawn together, so that the draws' memory accesses overlap.
  for (uint32_t& id : ids_) {
    id = chooser_.Next();
  }
  const uint32_t* id = ids_.data();
  for (uint32_t i = 0; i < pipeline_ && requests_left_ > 0;
       ++i, --requests_left_, id += keys_per_get_) {
    if (!missed_ids->empty()) {
      batch->AddSet(*data_, missed_ids->back());
      missed_ids->pop_back();
    } else if (set_share_ > 0 && random_.Next() >> 32 < set_share_) {
      batch->AddSet(*data_, *id);
    } else {
      batch->AddGet(*data_, {id, keys_per_get_});
    }
  }
}

}  // namespace rat_memcache::load
