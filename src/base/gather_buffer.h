// Bytes on their way out: text of our own, and pinned bytes that are sent from where they lie.
//
//   text    VALUE a 0 3\r\nabc\r\nVALUE big 0 9000\r\n | \r\nEND\r\n
//   pinned                                             ^ 9000 bytes, held by a Pin
//
// One contiguous text with marks where pinned bytes belong, so that the common reply (text only) is
// one memory area and one send.
//
// Threads: one owner. The pins' counters may be shared with anybody.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/pin.h"

namespace rat_memcache {

class GatherBuffer {
 public:
  GatherBuffer() = default;
  GatherBuffer(const GatherBuffer&) = delete;
  GatherBuffer& operator=(const GatherBuffer&) = delete;

  // Room for `bytes` at the end of the text; valid until the next call. Commit() takes what was
  // written. Grows by doubling: whoever appends looks at size() and stops in time.
  char* Reserve(size_t bytes) {
    if (capacity_ - text_size_ < bytes) [[unlikely]] {
      Grow(bytes);
    }
    return text_.get() + text_size_;
  }
  void Commit(size_t bytes) { text_size_ += bytes; }
  void Append(std::string_view text) {
    if (text.empty()) return;  // whose data() may be null
    std::memcpy(Reserve(text.size()), text.data(), text.size());
    Commit(text.size());
  }
  // `bytes` stay valid while `pin` is held.
  void AppendPinned(std::string_view bytes, Pin pin);

  // Bytes not yet consumed, text and pinned together.
  size_t size() const { return text_size_ - text_sent_ + pinned_size_; }
  bool empty() const { return size() == 0; }
  // Memory of our own behind the text.
  size_t capacity() const { return capacity_; }

  // Nothing is pinned: Text() is all there is.
  bool text_only() const { return pinned_size_ == 0; }
  // The text that is not yet consumed, up to the next pinned bytes.
  std::string_view Text() const {
    const size_t end =
        pinned_sent_ == pinned_.size() ? text_size_ : pinned_[pinned_sent_].text_before;
    return {text_.get() + text_sent_, end - text_sent_};
  }
  // The next bytes to send, in order; returns how many elements of `out` were filled.
  size_t Peek(std::span<std::string_view> out) const;
  // Drops `bytes` from the front and releases the pins that are done with.
  void Consume(size_t bytes);

  // Takes over everything that `other` has not yet sent; `other` is empty afterwards and keeps its
  // memory for the next batch. Pinned bytes are copied, and their pins released, if that makes at
  // most `copy_max` bytes in all: who will have to wait for a slow reader should not hold on to
  // pins.
  void TakeFrom(GatherBuffer* other, size_t copy_max);

  // Empty; keeps at most `keep_bytes` of memory.
  void Clear(size_t keep_bytes);

 private:
  struct Pinned {
    size_t text_before;      // the bytes go where the text has this length
    std::string_view bytes;  // what is left of them
    Pin pin;
  };

  // Makes room for `bytes`: forgets text that was sent, and takes more memory if that is not
  // enough.
  void Grow(size_t bytes);

  std::unique_ptr<char[]> text_;
  size_t capacity_ = 0;
  size_t text_size_ = 0;
  size_t text_sent_ = 0;
  std::vector<Pinned> pinned_;  // in order; elements before pinned_sent_ are done with
  size_t pinned_sent_ = 0;
  size_t pinned_size_ = 0;
};

}  // namespace rat_memcache
