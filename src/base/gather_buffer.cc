// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/gather_buffer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace rat_memcache {
namespace {

constexpr size_t kFirstCapacity = 4096;

}  // namespace

void GatherBuffer::Grow(size_t bytes) {
  const size_t unsent = text_size_ - text_sent_;
  // Half empty after forgetting, so that the moves are paid for by what was sent in between.
  if (unsent + bytes <= capacity_ / 2) {
    std::memmove(text_.get(), text_.get() + text_sent_, unsent);
  } else {
    const size_t capacity = std::max({kFirstCapacity, capacity_ * 2, unsent + bytes});
    auto text = std::make_unique_for_overwrite<char[]>(capacity);
    if (unsent != 0) std::memcpy(text.get(), text_.get() + text_sent_, unsent);
    text_ = std::move(text);
    capacity_ = capacity;
  }
  for (size_t i = pinned_sent_; i < pinned_.size(); ++i) {
    pinned_[i].text_before -= text_sent_;
  }
  text_size_ = unsent;
  text_sent_ = 0;
}

void GatherBuffer::AppendPinned(std::string_view bytes, Pin pin) {
  if (bytes.empty()) return;
  pinned_size_ += bytes.size();
  pinned_.push_back({text_size_, bytes, std::move(pin)});
}

size_t GatherBuffer::Peek(std::span<std::string_view> out) const {
  size_t filled = 0;
  size_t text_at = text_sent_;
  size_t next_pinned = pinned_sent_;
  while (filled < out.size()) {
    const bool at_end = next_pinned == pinned_.size();
    const size_t text_end = at_end ? text_size_ : pinned_[next_pinned].text_before;
    if (text_at < text_end) {
      out[filled++] = {text_.get() + text_at, text_end - text_at};
      text_at = text_end;
    } else if (!at_end) {
      out[filled++] = pinned_[next_pinned++].bytes;
    } else {
      break;
    }
  }
  return filled;
}

void GatherBuffer::Consume(size_t bytes) {
  RAT_DCHECK(bytes <= size(), "more consumed than there was");
  while (bytes > 0) {
    const bool at_end = pinned_sent_ == pinned_.size();
    const size_t text_end = at_end ? text_size_ : pinned_[pinned_sent_].text_before;
    const size_t text = std::min(bytes, text_end - text_sent_);
    text_sent_ += text;
    bytes -= text;
    if (bytes == 0) break;
    Pinned& front = pinned_[pinned_sent_];
    const size_t taken = std::min(bytes, front.bytes.size());
    front.bytes.remove_prefix(taken);
    pinned_size_ -= taken;
    bytes -= taken;
    if (front.bytes.empty()) {
      front.pin.Release();
      ++pinned_sent_;
    }
  }
  if (empty()) {
    text_size_ = text_sent_ = 0;
    pinned_.clear();
    pinned_sent_ = 0;
  }
}

void GatherBuffer::TakeFrom(GatherBuffer* other, size_t copy_max) {
  const bool copy = other->pinned_size_ <= copy_max;
  const size_t moved = other->text_size_ - other->text_sent_ + (copy ? other->pinned_size_ : 0);
  char* to = Reserve(moved);
  size_t text_at = other->text_sent_;
  const auto take_text = [&](size_t end) {
    if (end == text_at) return;
    std::memcpy(to, other->text_.get() + text_at, end - text_at);
    to += end - text_at;
    text_size_ += end - text_at;
    text_at = end;
  };
  for (size_t i = other->pinned_sent_; i < other->pinned_.size(); ++i) {
    Pinned& pinned = other->pinned_[i];
    take_text(pinned.text_before);
    if (copy) {
      std::memcpy(to, pinned.bytes.data(), pinned.bytes.size());
      to += pinned.bytes.size();
      text_size_ += pinned.bytes.size();
    } else {
      AppendPinned(pinned.bytes, std::move(pinned.pin));
    }
  }
  take_text(other->text_size_);
  other->Clear(other->capacity_);
}

void GatherBuffer::Clear(size_t keep_bytes) {
  text_size_ = text_sent_ = 0;
  pinned_.clear();
  pinned_sent_ = 0;
  pinned_size_ = 0;
  if (capacity_ > keep_bytes) {
    text_.reset();
    capacity_ = 0;
  }
}

}  // namespace rat_memcache
