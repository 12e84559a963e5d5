// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/batch.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/decimal.h"

namespace rat_memcache::load {
namespace {

char* Put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

void Batch::Clear() {
  text_size_ = 0;
  borrowed_.clear();
  borrowed_size_ = 0;
  requests_.clear();
  ids_.clear();
}

void Batch::AddGet(const Data& data, std::span<const uint32_t> ids) {
  constexpr std::string_view kCommand = "get";
  constexpr std::string_view kEnd = "\r\n";
  char* out = Reserve(kCommand.size() + ids.size() * (1 + data.keys.size()) + kEnd.size());
  out = Put(out, kCommand);
  for (const uint32_t id : ids) {
    *out++ = ' ';
    out = data.keys.Write(out, id);
    ids_.push_back(id);
  }
  Commit(Put(out, kEnd));
  requests_.push_back({.kind = Kind::kGet, .keys = static_cast<uint32_t>(ids.size())});
}

void Batch::AddSet(const Data& data, uint32_t id) {
  constexpr size_t kBorrowBytes = 4096;
  constexpr size_t kAroundKey = 32;  // "set ", " 0 0 4294967295\r\n" and "\r\n"
  const std::string_view rest = data.values.RestOf(id);
  const bool borrow = rest.size() >= kBorrowBytes;
  char* out = Reserve(data.keys.size() + kAroundKey + ValuePattern::kStampSize +
                      (borrow ? 0 : rest.size()));
  out = Put(out, "set ");
  out = data.keys.Write(out, id);
  out = Put(out, " 0 0 ");
  out = WriteDecimal(out, data.values.SizeOf(id));
  out = Put(out, "\r\n");
  out = data.values.WriteStamp(out, id);
  if (borrow) {
    Commit(out);
    borrowed_.push_back({.text_before = text_size_, .bytes = rest});
    borrowed_size_ += rest.size();
  } else {
    out = Put(out, rest);
  }
  Commit(Put(out, "\r\n"));
  requests_.push_back({.kind = Kind::kSet, .keys = 1});
  ids_.push_back(id);
}

size_t Batch::AreasFrom(size_t offset, std::span<iovec> areas) const {
  size_t filled = 0;
  const auto add = [&](const char* bytes, size_t size) {
    const size_t skipped = std::min(offset, size);
    offset -= skipped;
    if (size == skipped || filled == areas.size()) return;
    areas[filled++] = {.iov_base = const_cast<char*>(bytes + skipped), .iov_len = size - skipped};
  };
  size_t text_at = 0;
  for (const Borrowed& borrowed : borrowed_) {
    add(text_.get() + text_at, borrowed.text_before - text_at);
    add(borrowed.bytes.data(), borrowed.bytes.size());
    text_at = borrowed.text_before;
  }
  add(text_.get() + text_at, text_size_ - text_at);
  return filled;
}

char* Batch::Reserve(size_t bytes) {
  if (text_capacity_ - text_size_ < bytes) [[unlikely]] {
    const size_t capacity = std::max(text_size_ + bytes, 2 * text_capacity_);
    std::unique_ptr<char[]> text(new char[capacity]);
    if (text_size_ > 0) std::memcpy(text.get(), text_.get(), text_size_);
    text_ = std::move(text);
    text_capacity_ = capacity;
  }
  return text_.get() + text_size_;
}

}  // namespace rat_memcache::load
