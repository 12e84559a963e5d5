// What a connection has received and not yet understood. A few hundred bytes are always there; only
// an unfinished request that is larger takes memory of its own, and only as long as it lasts.
//
// Threads: one owner.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "net/buffer_budget.h"

namespace rat_memcache::net {

class InputBuffer {
 public:
  // Enough for the request of a client that waits for each answer; what comes at once beyond it is
  // read into the worker's buffer (connection.cc).
  static constexpr size_t kInlineBytes = 512;

  explicit InputBuffer(BufferBudget* budget) : budget_(budget) {}
  ~InputBuffer() { DropHeap(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  std::string_view bytes() const { return {data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void Consume(size_t count) { begin_ += count; }
  // Replaces everything; `bytes` may lie inside. False if there is no memory for it.
  bool Assign(std::string_view bytes) {
    begin_ = end_ = 0;
    if (bytes.size() > capacity() && !Grow(bytes.size())) return false;
    std::memmove(data(), bytes.data(), bytes.size());
    end_ = bytes.size();
    return true;
  }

  // Where the next bytes can be read to. `wanted`: how much there will be in all, if known. False
  // if there is no memory for more.
  bool MakeRoom(size_t wanted) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
      if (wanted <= kInlineBytes) DropHeap();
    } else if (begin_ > 0) {
      std::memmove(data(), data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (wanted <= capacity() && end_ < capacity()) return true;
    return Grow(std::max(wanted, 2 * capacity()));
  }
  char* room() { return data() + end_; }
  size_t room_bytes() const { return capacity() - end_; }
  void Filled(size_t count) { end_ += count; }
  // Without memory of its own: there are at most kInlineBytes.
  bool is_inline() const { return heap_ == nullptr; }
  // Inline and full: there is probably more than fits.
  bool overflowing() const { return is_inline() && end_ == kInlineBytes; }

 private:
  char* data() { return heap_ != nullptr ? heap_.get() : inline_.data(); }
  const char* data() const { return heap_ != nullptr ? heap_.get() : inline_.data(); }
  size_t capacity() const { return heap_ != nullptr ? heap_bytes_ : kInlineBytes; }

  bool Grow(size_t capacity) {
    if (!budget_->Take(capacity)) return false;
    auto heap = std::make_unique_for_overwrite<char[]>(capacity);
    std::memcpy(heap.get(), data(), end_);
    DropHeap();
    heap_ = std::move(heap);
    heap_bytes_ = capacity;
    return true;
  }
  void DropHeap() {
    if (heap_ == nullptr) return;
    heap_.reset();
    budget_->Give(heap_bytes_);
  }

  BufferBudget* const budget_;
  std::unique_ptr<char[]> heap_;
  size_t heap_bytes_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::array<char, kInlineBytes> inline_;
};

}  // namespace rat_memcache::net
