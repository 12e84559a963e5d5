// Where requests come from: what the next batch of a connection holds.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "load/batch.h"
#include "load/key_chooser.h"

namespace rat_memcache::load {

class RequestSource {
 public:
  RequestSource() = default;
  RequestSource(const RequestSource&) = delete;
  RequestSource& operator=(const RequestSource&) = delete;
  virtual ~RequestSource() = default;

  // Puts the next requests into `batch`, which is empty. `missed_ids` are the keys this connection
  // has missed; the source may take them out. A batch that stays empty: nothing more to ask.
  virtual void Fill(Batch* batch, std::vector<uint32_t>* missed_ids) = 0;
};

// Nothing to ask: what is outstanding comes to its end.
class NoRequests : public RequestSource {
 public:
  void Fill(Batch*, std::vector<uint32_t>*) override {}
};

// Stores the keys 0, 1, 2, ... up to `keys`, once each.
class StoreEachKey : public RequestSource {
 public:
  StoreEachKey(const Data* data, uint32_t keys) : data_(data), keys_(keys) {}
  void Fill(Batch* batch, std::vector<uint32_t>* missed_ids) override;

  uint32_t stored() const { return next_; }

 private:
  const Data* const data_;
  const uint32_t keys_;
  uint32_t next_ = 0;
};

// Asks for a fixed list of keys, once each.
class GetListed : public RequestSource {
 public:
  GetListed(const Data* data, std::vector<uint32_t> ids, uint32_t keys_per_batch)
      : data_(data), ids_(std::move(ids)), keys_per_batch_(keys_per_batch) {}
  void Fill(Batch* batch, std::vector<uint32_t>* missed_ids) override;

 private:
  const Data* const data_;
  const std::vector<uint32_t> ids_;
  const uint32_t keys_per_batch_;
  size_t next_ = 0;
};

// The mix of gets and sets that is measured.
class MixedRequests : public RequestSource {
 public:
  struct Shape {
    uint32_t pipeline;
    uint32_t keys_per_get;
    double set_ratio;       // of the requests, 0 to 1
    uint64_t requests_max;  // then nothing more
    uint64_t seed;
  };
  MixedRequests(const Data* data, KeyChooser chooser, const Shape& shape);

  // A key that was missed is stored first, in the place of a new request.
  void Fill(Batch* batch, std::vector<uint32_t>* missed_ids) override;

 private:
  const Data* const data_;
  KeyChooser chooser_;
  const uint32_t pipeline_;
  const uint64_t set_share_;  // of 2^32
  Random random_;
  const uint32_t keys_per_get_;
  uint64_t requests_left_;
  std::vector<uint32_t> ids_;  // for one batch
};

}  // namespace rat_memcache::load
