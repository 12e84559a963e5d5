// How items lie in the log, byte by byte.
//
//   An item, 8-byte aligned:
//     0      key_size      1..250; 0 says that this is no item (see below)
//     1      flags         ItemFlag bits
//     2      value_size    0..251, or 252: 16 bits follow, or 253: 32 bits follow,
//                          or 254: 32 bits follow, and then 64 of the CAS unique
//     3..5   last_access   seconds of the coarse clock, 24 bits (194 days)
//     6..9   cas           low 32 bits of the CAS unique; a unique that a client chose is kept whole
//     [u16 or u32 value size] [u64 cas] [u32 exptime] [u32 client flags]
//     key bytes, value bytes           neither NUL nor CRLF: the writer of the reply adds CRLF
//
//   An item that is too large for one record is a stub: flag kChunked, and in the place of the value
//     u32 count, count x u32 location  of its pieces, in order (locations as in the index)
//
//   A piece of such an item's value, 8-byte aligned:
//     0 key_size = 0   1 flags = kPiece   2..3 zero   4..7 bytes of value   8..15 hash of the owner's key
//     value bytes
//
//   A filler covers bytes that nobody uses any more, so that a segment can be walked:
//     0 key_size = 0   1 flags = 0        2..3 zero   4..7 bytes, header included
//
// Numbers are in the machine's byte order and unaligned: a record never leaves the process.
//
// Sizes: 32 bytes for a 14-byte key and an 8-byte value, and every item pays at most 7 for
// alignment.
//
// Threads: records are shared memory (base/shared_bytes.h). They are written under the shard lock,
// and, once a slot names them, under the lock of their bucket too; so who holds either lock may
// read them like any memory, but for the first word, in which a reader with the bucket's lock sets
// last_access. Everybody else reads through LoadShared...(), including the accessors of the header
// here, and finds out afterwards whether it was consistent (index.h).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/inlining.h"
#include "base/shared_bytes.h"

namespace rat_memcache::store {

inline constexpr size_t kMaxKeySize = 250;
inline constexpr uint32_t kMaxValueSize = 1u << 30;  // memcached's upper bound for -I
inline constexpr size_t kRecordAlignment = 8;
inline constexpr uint32_t kLastAccessMask = 0xffffff;
// Whoever reads a record that may be gone already reads at most this far behind its address.
inline constexpr size_t kReadAheadMax = 1024;

// Bits of a record's second byte.
enum ItemFlag : uint8_t {
  kHasExptime = 1 << 0,
  kHasClientFlags = 1 << 1,
  kChunked = 1 << 2,
  kDead = 1 << 3,   // no slot names this record any more
  kPiece = 1 << 4,  // with key_size 0 only
  // Marks that clients of the meta protocol see.
  kStale = 1 << 5,      // was invalidated; to be brought up to date
  kWinSent = 1 << 6,    // somebody was told to do so
  kBase64Key = 1 << 7,  // the key was given in base64, and is shown so
  kMarks = kStale | kWinSent | kBase64Key,
};

constexpr size_t AlignRecord(size_t bytes) {
  return (bytes + kRecordAlignment - 1) & ~(kRecordAlignment - 1);
}

// What a record is made of, enough to know its size.
struct RecordShape {
  size_t key_size = 0;
  uint32_t value_size = 0;  // bytes the client sees
  bool has_exptime = false;
  bool has_client_flags = false;
  bool has_whole_cas = false;
  // Of a chunked item; 0 says that the value lies in the record itself.
  uint32_t piece_count = 0;

  // Bytes in front of the key.
  constexpr size_t header_size() const {
    return 10 +
           (has_whole_cas              ? 12
            : value_size < 252         ? 0
            : value_size <= UINT16_MAX ? 2
                                       : 4) +
           (has_exptime ? 4 : 0) + (has_client_flags ? 4 : 0);
  }
  // Bytes behind the key.
  constexpr size_t payload_size() const {
    return piece_count == 0 ? value_size : 4 + size_t{4} * piece_count;
  }
  // The whole record, aligned.
  constexpr size_t record_size() const {
    return AlignRecord(header_size() + key_size + payload_size());
  }
};

struct ItemFields {
  std::string_view key;
  uint32_t value_size = 0;
  uint32_t client_flags = 0;
  uint32_t exptime = 0;  // second of the coarse clock at which the item dies; 0: never
  uint32_t last_access = 0;
  uint64_t cas = 0;  // only the low 32 bits are kept, unless whole_cas
  bool whole_cas = false;
  bool room_for_exptime = false;  // a field for it even if it is 0
  uint8_t marks = 0;              // of kMarks

  RecordShape Shape(uint32_t piece_count = 0) const {
    return {.key_size = key.size(),
            .value_size = value_size,
            .has_exptime = exptime != 0 || room_for_exptime,
            .has_client_flags = client_flags != 0,
            .has_whole_cas = whole_cas,
            .piece_count = piece_count};
  }
};

// An item's record: its address, and its first word as it was when this was made. Cheap to copy.
class ItemRecord {
 public:
  // `at` points to a record that is an item, dead or alive, or to memory that was one.
  explicit ItemRecord(char* at) : at_(at), head_(LoadSharedWord(at)) {}

  // Writes the record of an item whose value lies in it.
  static void Write(char* at, const ItemFields& fields, std::string_view value) {
    SharedWriter writer(at);
    WriteHead(&writer, fields, 0);
    writer.Append(value.data(), value.size());
    writer.Finish();
  }
  // Writes a stub; `pieces` are locations, at least one.
  static void WriteStub(char* at, const ItemFields& fields, std::span<const uint32_t> pieces) {
    SharedWriter writer(at);
    WriteHead(&writer, fields, kChunked);
    writer.AppendLow(static_cast<uint32_t>(pieces.size()), 4);
    for (const uint32_t location : pieces) {
      writer.AppendLow(location, 4);
    }
    writer.Finish();
  }

  // --- The header; the size of the value and what follows it are read anew by every call ---
  size_t key_size() const { return Byte(0); }
  bool chunked() const { return (flags() & kChunked) != 0; }
  bool dead() const { return (flags() & kDead) != 0; }
  bool has_exptime() const { return (flags() & kHasExptime) != 0; }
  bool has_client_flags() const { return (flags() & kHasClientFlags) != 0; }
  RAT_ALWAYS_INLINE uint32_t value_size() const {
    const uint8_t code = Byte(2);
    if (code < kSize16) [[likely]] {
      return code;
    }
    return code == kSize16 ? Field<uint16_t>(10) : Field<uint32_t>(10);
  }
  uint32_t last_access() const { return static_cast<uint32_t>(head_ >> 24) & kLastAccessMask; }
  uint8_t marks() const { return flags() & kMarks; }
  bool stale() const { return (flags() & kStale) != 0; }
  bool win_sent() const { return (flags() & kWinSent) != 0; }
  uint32_t cas_low() const { return Field<uint32_t>(6); }
  bool has_whole_cas() const { return Byte(2) == kSizeAndCas; }
  // Only if has_whole_cas().
  uint64_t whole_cas() const { return Field<uint64_t>(kWholeCasAt); }
  uint32_t exptime() const { return has_exptime() ? Field<uint32_t>(exptime_at()) : 0; }
  uint32_t client_flags() const {
    if (!has_client_flags()) return 0;
    return Field<uint32_t>(exptime_at() + (has_exptime() ? 4 : 0));
  }
  size_t header_size() const {
    if (plain()) [[likely]] {
      return kPlainHeaderSize;  // not computed, so that nobody has to wait for the record to arrive
    }
    return exptime_at() + (has_exptime() ? 4 : 0) + (has_client_flags() ? 4 : 0);
  }

  // --- Changes of the header; this object may go on showing what was ---
  void MarkDead() { StoreFlags(flags() | kDead); }
  void set_marks(uint8_t marks) { StoreFlags((flags() & ~kMarks) | marks); }
  void set_last_access(uint32_t seconds) {
    StoreSharedBytes(at_ + 3, reinterpret_cast<const char*>(&seconds), 3);
  }
  void set_cas(uint64_t cas) {
    const auto low = static_cast<uint32_t>(cas);
    StoreSharedBytes(at_ + 6, reinterpret_cast<const char*>(&low), sizeof low);
    if (has_whole_cas()) {
      StoreSharedBytes(at_ + kWholeCasAt, reinterpret_cast<const char*>(&cas), sizeof cas);
    }
  }
  // Only if has_exptime().
  void set_exptime(uint32_t exptime) {
    StoreSharedBytes(at_ + exptime_at(), reinterpret_cast<const char*>(&exptime), sizeof exptime);
  }

  // --- Behind the header ---
  char* data() const { return at_; }
  bool HasKey(std::string_view key) const {
    return key_size() == key.size() &&
           EqualSharedBytes(at_ + header_size(), key.data(), key.size());
  }
  // The value's bytes, or the list of pieces of a chunked item.
  char* payload() const { return at_ + header_size() + key_size(); }
  // The same, if the size of the key is known.
  char* PayloadBehind(size_t key_size) const { return at_ + header_size() + key_size; }

  // The rest under one of the locks only.
  std::string_view key() const { return {at_ + header_size(), key_size()}; }
  // Only if !chunked().
  std::string_view value() const { return {payload(), value_size()}; }
  uint32_t piece_count() const { return chunked() ? LoadNumber(payload()) : 0; }
  uint32_t piece_location(uint32_t index) const {
    return LoadNumber(payload() + 4 + size_t{4} * index);
  }
  void set_piece_location(uint32_t index, uint32_t location) {
    StoreSharedBytes(payload() + 4 + size_t{4} * index, reinterpret_cast<const char*>(&location),
                     sizeof location);
  }
  RecordShape Shape() const {
    return {.key_size = key_size(),
            .value_size = value_size(),
            .has_exptime = has_exptime(),
            .has_client_flags = has_client_flags(),
            .has_whole_cas = has_whole_cas(),
            .piece_count = piece_count()};
  }
  size_t record_size() const { return Shape().record_size(); }
  ItemFields Fields() const {
    return {.key = key(),
            .value_size = value_size(),
            .client_flags = client_flags(),
            .exptime = exptime(),
            .last_access = last_access(),
            .cas = has_whole_cas() ? whole_cas() : cas_low(),
            .whole_cas = has_whole_cas(),
            .marks = marks()};
  }

 private:
  static void WriteHead(SharedWriter* writer, const ItemFields& fields, uint8_t flags) {
    const RecordShape shape = fields.Shape();
    flags |= (shape.has_exptime ? kHasExptime : 0) |
             (shape.has_client_flags ? kHasClientFlags : 0) | fields.marks;
    const uint8_t code = fields.whole_cas                  ? kSizeAndCas
                         : fields.value_size < kSize16     ? static_cast<uint8_t>(fields.value_size)
                         : fields.value_size <= UINT16_MAX ? kSize16
                                                           : kSize32;
    const auto cas_low = static_cast<uint32_t>(fields.cas);
    writer->AppendLow(fields.key.size() | uint64_t{flags} << 8 | uint64_t{code} << 16 |
                          uint64_t{fields.last_access & kLastAccessMask} << 24 |
                          uint64_t{cas_low} << 48,
                      8);
    writer->AppendLow(cas_low >> 16, 2);
    if (code == kSize16) writer->AppendLow(fields.value_size, 2);
    if (code > kSize16) writer->AppendLow(fields.value_size, 4);
    if (code == kSizeAndCas) writer->AppendLow(fields.cas, 8);
    if (shape.has_exptime) writer->AppendLow(fields.exptime, 4);
    if (shape.has_client_flags) writer->AppendLow(fields.client_flags, 4);
    writer->Append(fields.key.data(), fields.key.size());
  }
  static uint32_t LoadNumber(const char* at) {
    uint32_t number;
    std::memcpy(&number, at, sizeof number);
    return number;
  }

  static constexpr size_t kPlainHeaderSize = 10;
  // Codes in the place of a small value's size.
  static constexpr uint8_t kSize16 = 252;
  static constexpr uint8_t kSize32 = 253;
  static constexpr uint8_t kSizeAndCas = 254;
  static constexpr size_t kWholeCasAt = 14;

  uint8_t Byte(size_t index) const { return static_cast<uint8_t>(head_ >> index * 8); }
  uint8_t flags() const { return Byte(1); }
  // Neither optional fields nor a large value: nearly every item.
  bool plain() const { return flags() == 0 && Byte(2) < kSize16; }
  size_t exptime_at() const {
    const uint8_t code = Byte(2);
    return kPlainHeaderSize + (code < kSize16 ? 0 : code == kSize16 ? 2 : code == kSize32 ? 4 : 12);
  }
  void StoreFlags(int flags) {
    const char byte = static_cast<char>(flags);
    StoreSharedBytes(at_ + 1, &byte, 1);
  }
  template <class T>
  T Field(size_t offset) const {
    return LoadSharedNumber<T>(at_, offset);
  }

  char* at_;
  uint64_t head_;
};

// A piece of a large value.
class PieceRecord {
 public:
  static constexpr size_t kHeaderSize = 16;

  explicit PieceRecord(char* at) : at_(at), head_(LoadSharedWord(at)) {}

  // Writes the header; the value's bytes follow through StoreSharedBytes(bytes(), ...).
  static PieceRecord Write(char* at, uint32_t value_bytes, uint64_t owner_hash) {
    StoreSharedWord(at, uint64_t{kPiece} << 8 | uint64_t{value_bytes} << 32);
    StoreSharedWord(at + 8, owner_hash);
    return PieceRecord(at);
  }

  bool dead() const { return (head_ >> 8 & kDead) != 0; }
  void MarkDead() { StoreSharedWord(at_, head_ | uint64_t{kDead} << 8); }
  uint32_t size() const { return static_cast<uint32_t>(head_ >> 32); }
  uint64_t owner_hash() const { return LoadSharedWord(at_ + 8); }
  char* bytes() const { return at_ + kHeaderSize; }
  size_t record_size() const { return AlignRecord(kHeaderSize + size()); }

 private:
  char* at_;
  uint64_t head_;
};

// What lies at `at`, and how far it is to the next record. Under the shard lock.
enum class RecordKind : uint8_t { kItem, kPieceOfValue, kFiller };

inline RecordKind KindOfRecord(const char* at) {
  const uint64_t head = LoadSharedWord(at);
  if ((head & 0xff) != 0) return RecordKind::kItem;
  return (head >> 8 & kPiece) != 0 ? RecordKind::kPieceOfValue : RecordKind::kFiller;
}
inline size_t SizeOfRecord(char* at) {
  switch (KindOfRecord(at)) {
    case RecordKind::kItem:
      return ItemRecord(at).record_size();
    case RecordKind::kPieceOfValue:
      return PieceRecord(at).record_size();
    case RecordKind::kFiller:
      break;
  }
  return LoadSharedWord(at) >> 32;
}
// Covers `bytes` (a multiple of 8, at least 8) that are in use no longer.
inline void WriteFiller(char* at, uint32_t bytes) { StoreSharedWord(at, uint64_t{bytes} << 32); }

}  // namespace rat_memcache::store
