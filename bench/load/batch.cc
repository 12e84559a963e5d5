// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/batch.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/decimal.h"
#include "protocol/binary_format.h"

namespace rat_memcache::load {
namespace {

namespace binary = protocol::binary;

constexpr std::string_view kEndOfLine = "\r\n";
constexpr size_t kSetExtras = 8;
// What the longest request of any protocol has beside keys and value: a binary SET.
constexpr size_t kAroundKey = binary::kHeaderBytes + kSetExtras;

char* Put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* PutClassicGet(char* out, const Data& data, std::span<const uint32_t> ids) {
  out = Put(out, "get");
  for (const uint32_t id : ids) {
    *out++ = ' ';
    out = data.keys.Write(out, id);
  }
  return Put(out, kEndOfLine);
}

char* PutMetaGet(char* out, const Data& data, std::span<const uint32_t> ids) {
  const bool many = ids.size() > 1;
  for (const uint32_t id : ids) {
    out = data.keys.Write(Put(out, "mg "), id);
    out = Put(out, many ? " k v q\r\n" : " v\r\n");
  }
  return many ? Put(out, "mn\r\n") : out;
}

// The header of a request. Flags and exptime of a set are its extras, both 0.
char* PutPacketHead(char* out, binary::Opcode opcode, size_t key_bytes, size_t value_bytes,
                    uint32_t opaque) {
  const size_t extras_bytes = opcode == binary::Opcode::kSet ? kSetExtras : 0;
  std::memset(out, 0, binary::kHeaderBytes + extras_bytes);
  out[0] = static_cast<char>(binary::kRequestMagic);
  out[1] = static_cast<char>(opcode);
  binary::WriteBig(out + 2, static_cast<uint16_t>(key_bytes));
  out[4] = static_cast<char>(extras_bytes);
  binary::WriteBig(out + 8, static_cast<uint32_t>(extras_bytes + key_bytes + value_bytes));
  binary::WriteBig(out + 12, opaque);
  return out + binary::kHeaderBytes + extras_bytes;
}

char* PutBinaryGet(char* out, const Data& data, std::span<const uint32_t> ids) {
  const bool many = ids.size() > 1;
  const auto opcode = many ? binary::Opcode::kGetKQ : binary::Opcode::kGet;
  for (const uint32_t id : ids) {
    out = data.keys.Write(PutPacketHead(out, opcode, data.keys.size(), 0, id), id);
  }
  return many ? PutPacketHead(out, binary::Opcode::kNoop, 0, 0, 0) : out;
}

// Everything in front of the value.
char* PutSetHead(char* out, const Data& data, uint32_t id) {
  const uint32_t size = data.values.SizeOf(id);
  switch (data.protocol) {
    case Protocol::kClassic:
      out = data.keys.Write(Put(out, "set "), id);
      return Put(WriteDecimal(Put(out, " 0 0 "), size), kEndOfLine);
    case Protocol::kMeta:
      out = data.keys.Write(Put(out, "ms "), id);
      return Put(WriteDecimal(Put(out, " "), size), kEndOfLine);
    case Protocol::kBinary:
      out = PutPacketHead(out, binary::Opcode::kSet, data.keys.size(), size, id);
      return data.keys.Write(out, id);
  }
  return out;
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
  // One more for the NOOP.
  char* const out = Reserve((ids.size() + 1) * (kAroundKey + data.keys.size()));
  switch (data.protocol) {
    case Protocol::kClassic:
      Commit(PutClassicGet(out, data, ids));
      break;
    case Protocol::kMeta:
      Commit(PutMetaGet(out, data, ids));
      break;
    case Protocol::kBinary:
      Commit(PutBinaryGet(out, data, ids));
      break;
  }
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  requests_.push_back({.kind = Kind::kGet, .keys = static_cast<uint32_t>(ids.size())});
}

void Batch::AddSet(const Data& data, uint32_t id) {
  constexpr size_t kBorrowBytes = 4096;
  const std::string_view rest = data.values.RestOf(id);
  const bool borrow = rest.size() >= kBorrowBytes;
  char* out = Reserve(data.keys.size() + kAroundKey + ValuePattern::kStampSize +
                      (borrow ? 0 : rest.size()) + kEndOfLine.size());
  out = PutSetHead(out, data, id);
  out = data.values.WriteStamp(out, id);
  if (borrow) {
    Commit(out);
    borrowed_.push_back({.text_before = text_size_, .bytes = rest});
    borrowed_size_ += rest.size();
  } else {
    out = Put(out, rest);
  }
  Commit(data.protocol == Protocol::kBinary ? out : Put(out, kEndOfLine));
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
