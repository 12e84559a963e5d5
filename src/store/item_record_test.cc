// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/item_record.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::store {
namespace {

TEST(ItemRecord, SizesAreWhatTheDocumentPromises) {
  // 14-byte key; the figures behind "items per gigabyte".
  EXPECT_EQ((RecordShape{.key_size = 14, .value_size = 8}.record_size()), 32u);
  EXPECT_EQ((RecordShape{.key_size = 14, .value_size = 32}.record_size()), 56u);
  EXPECT_EQ((RecordShape{.key_size = 14, .value_size = 100}.record_size()), 128u);
  EXPECT_EQ((RecordShape{.key_size = 14, .value_size = 300}.record_size()), 328u);
}

TEST(ItemRecord, GivesBackWhatWasWritten) {
  std::vector<char> memory(kMaxValueSize / 1024 + kReadAheadMax);
  const std::string longest_key(kMaxKeySize, 'k');
  for (const std::string& key : {std::string("a"), std::string("some key"), longest_key}) {
    for (const uint32_t value_size : {0u, 1u, 251u, 252u, 253u, 65535u, 65536u, 1000000u}) {
      for (const uint32_t exptime : {0u, 1u, UINT32_MAX}) {
        for (const uint32_t client_flags : {0u, 7u, UINT32_MAX}) {
          const ItemFields fields{.key = key,
                                  .value_size = value_size,
                                  .client_flags = client_flags,
                                  .exptime = exptime,
                                  .last_access = 0xabcdef,
                                  .cas = 0x12345678};
          const std::string value(value_size, 'v');
          ItemRecord::Write(memory.data(), fields, value);
          const ItemRecord record(memory.data());
          EXPECT_EQ(KindOfRecord(memory.data()), RecordKind::kItem);
          EXPECT_EQ(record.key(), key);
          EXPECT_TRUE(record.HasKey(key));
          EXPECT_FALSE(record.HasKey(key + "x"));
          EXPECT_EQ(record.value_size(), value_size);
          EXPECT_EQ(record.client_flags(), client_flags);
          EXPECT_EQ(record.exptime(), exptime);
          EXPECT_EQ(record.last_access(), 0xabcdefu);
          EXPECT_EQ(record.cas_low(), 0x12345678u);
          EXPECT_TRUE(record.value() == value);
          EXPECT_EQ(record.record_size(), fields.Shape().record_size());
          EXPECT_EQ(SizeOfRecord(memory.data()), record.record_size());
          EXPECT_GE(record.payload() + value_size - memory.data() + 8,
                    std::ptrdiff_t(record.record_size()));
        }
      }
    }
  }
}

TEST(ItemRecord, ChangesInPlace) {
  alignas(8) char memory[512];
  const std::string value(300, 'v');
  ItemRecord::Write(memory, {.key = "key", .value_size = 300, .client_flags = 5, .exptime = 9},
                    value);
  ItemRecord before(memory);
  before.set_exptime(1234567);
  before.set_cas(77);
  before.set_last_access(0x1ffffff);  // 25 bits: the top one is lost
  ItemRecord record(memory);
  EXPECT_EQ(record.exptime(), 1234567u);
  EXPECT_EQ(record.cas_low(), 77u);
  EXPECT_EQ(record.last_access(), 0xffffffu);
  EXPECT_EQ(record.client_flags(), 5u);
  EXPECT_EQ(record.key(), "key");
  EXPECT_TRUE(record.value() == value);
  EXPECT_FALSE(record.dead());
  record.MarkDead();
  EXPECT_TRUE(ItemRecord(memory).dead());
  EXPECT_EQ(ItemRecord(memory).key(), "key");
}

TEST(ItemRecord, KeepsAWholeCasUniqueAndMarks) {
  alignas(8) char memory[70'000];
  constexpr uint64_t kCas = 0x123456789abcdef0;
  for (const uint32_t value_size : {0u, 251u, 252u, 66'000u}) {
    const std::string value(value_size, 'v');
    ItemRecord::Write(memory,
                      {.key = "key",
                       .value_size = value_size,
                       .client_flags = 5,
                       .exptime = 9,
                       .cas = kCas,
                       .whole_cas = true,
                       .marks = kStale | kBase64Key},
                      value);
    ItemRecord record(memory);
    EXPECT_TRUE(record.has_whole_cas());
    EXPECT_EQ(record.whole_cas(), kCas);
    EXPECT_EQ(record.value_size(), value_size);
    EXPECT_EQ(record.client_flags(), 5u);
    EXPECT_EQ(record.exptime(), 9u);
    EXPECT_TRUE(record.value() == value);
    EXPECT_TRUE(record.stale());
    EXPECT_FALSE(record.win_sent());
    EXPECT_EQ(record.record_size(), record.Fields().Shape().record_size());
    record.set_cas(kCas + 1);
    record.set_marks(kWinSent);
    const ItemRecord changed(memory);
    EXPECT_EQ(changed.whole_cas(), kCas + 1);
    EXPECT_EQ(changed.cas_low(), static_cast<uint32_t>(kCas + 1));
    EXPECT_EQ(changed.marks(), kWinSent);
    EXPECT_EQ(changed.key(), "key");
    EXPECT_EQ(changed.client_flags(), 5u);
    EXPECT_EQ(changed.Fields().cas, kCas + 1);
  }
}

TEST(ItemRecord, StubsListTheirPieces) {
  alignas(8) char memory[128];
  const ItemFields fields{.key = "big", .value_size = 5000000, .client_flags = 1};
  const std::vector<uint32_t> pieces = {1000, 1001, 1};
  ItemRecord::WriteStub(memory, fields, pieces);
  ItemRecord record(memory);
  record.set_piece_location(2, 1002);
  EXPECT_TRUE(record.chunked());
  EXPECT_EQ(record.piece_count(), 3u);
  EXPECT_EQ(record.piece_location(1), 1001u);
  EXPECT_EQ(record.piece_location(2), 1002u);
  EXPECT_EQ(record.value_size(), 5000000u);
  EXPECT_EQ(record.record_size(), fields.Shape(3).record_size());
  EXPECT_LT(record.record_size(), 64u);
}

TEST(PieceRecord, GivesBackWhatWasWritten) {
  alignas(8) char memory[128];
  PieceRecord piece = PieceRecord::Write(memory, 13, 0x1122334455667788);
  std::memcpy(piece.bytes(), "hello, world!", 13);
  EXPECT_EQ(KindOfRecord(memory), RecordKind::kPieceOfValue);
  EXPECT_EQ(piece.size(), 13u);
  EXPECT_EQ(piece.owner_hash(), 0x1122334455667788u);
  EXPECT_EQ(piece.record_size(), 32u);
  EXPECT_EQ(SizeOfRecord(memory), 32u);
  piece.MarkDead();
  EXPECT_TRUE(PieceRecord(memory).dead());
  EXPECT_EQ(KindOfRecord(memory), RecordKind::kPieceOfValue);
}

TEST(Filler, IsWalkedOver) {
  alignas(8) char memory[32];
  WriteFiller(memory, 24);
  EXPECT_EQ(KindOfRecord(memory), RecordKind::kFiller);
  EXPECT_EQ(SizeOfRecord(memory), 24u);
}

}  // namespace
}  // namespace rat_memcache::store
