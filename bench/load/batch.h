// A batch of requests: the bytes that are sent in one write, and what the replies will be matched
// with.
//
//   text       get 00000000000007\r\n | set 00000000000009 0 0 4\r\nabcd\r\n | get 0000...
//   requests   {kGet, 1 key}            {kSet, 1 key}                          ...
//   ids        7                        9                                      ...
//
// Large values are not copied into the text but borrowed from the value pattern: copying them would
// cost the client more than the server spends on them.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <sys/uio.h>
#include <vector>

#include "load/key_text.h"
#include "load/protocol.h"
#include "load/value_pattern.h"

namespace rat_memcache::load {

// What keys and values look like, and how they are asked for.
struct Data {
  KeyText keys;
  ValuePattern values;
  Protocol protocol = Protocol::kClassic;
};

class Batch {
 public:
  enum class Kind : uint8_t { kGet, kSet };
  struct Request {
    Kind kind;
    uint32_t keys;
  };

  void Clear();
  // A get of one or more keys.
  void AddGet(const Data& data, std::span<const uint32_t> ids);
  void AddSet(const Data& data, uint32_t id);

  bool empty() const { return requests_.empty(); }
  // Bytes to send, and their memory areas from `offset` on; returns how many areas were filled.
  size_t size() const { return text_size_ + borrowed_size_; }
  size_t AreasFrom(size_t offset, std::span<iovec> areas) const;

  std::span<const Request> requests() const { return requests_; }
  // The keys of all requests, one after the other.
  std::span<const uint32_t> ids() const { return ids_; }

 private:
  struct Borrowed {
    size_t text_before;  // the bytes go where the text has this length
    std::string_view bytes;
  };

  // Room for `bytes` at the end of the text; Commit() says up to where it was filled.
  char* Reserve(size_t bytes);
  void Commit(const char* end) { text_size_ = static_cast<size_t>(end - text_.get()); }

  std::unique_ptr<char[]> text_;
  size_t text_size_ = 0;
  size_t text_capacity_ = 0;
  std::vector<Borrowed> borrowed_;
  size_t borrowed_size_ = 0;
  std::vector<Request> requests_;
  std::vector<uint32_t> ids_;
};

}  // namespace rat_memcache::load
