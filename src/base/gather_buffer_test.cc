// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/gather_buffer.h"

#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace rat_memcache {
namespace {

// Everything still to be sent, read through a window of `views` elements and consumed in pieces.
std::string Drain(GatherBuffer* buffer, size_t views, size_t piece) {
  std::string all;
  while (!buffer->empty()) {
    std::array<std::string_view, 16> window;
    const size_t filled = buffer->Peek({window.data(), views});
    std::string seen;
    for (size_t i = 0; i < filled; ++i) {
      seen += window[i];
    }
    seen.resize(std::min(seen.size(), piece));
    buffer->Consume(seen.size());
    all += seen;
  }
  return all;
}

TEST(GatherBuffer, SendsTextAndPinnedBytesInOrder) {
  std::atomic<uint32_t> pins{0};
  for (size_t views : {1, 2, 16}) {
    for (size_t piece : {1, 2, 5, 100}) {
      GatherBuffer buffer;
      buffer.Append("head ");
      buffer.AppendPinned("PINNED", Pin(&pins));
      buffer.AppendPinned("", Pin(&pins));
      buffer.AppendPinned("!", Pin(&pins));
      buffer.Append(" tail");
      EXPECT_EQ(buffer.size(), 17u);
      EXPECT_EQ(pins, 2u);
      EXPECT_EQ(Drain(&buffer, views, piece), "head PINNED! tail");
      EXPECT_EQ(pins, 0u);
    }
  }
}

TEST(GatherBuffer, ReleasesAPinAsSoonAsItsBytesAreSent) {
  std::atomic<uint32_t> pins{0};
  GatherBuffer buffer;
  buffer.AppendPinned("ab", Pin(&pins));
  buffer.Append("c");
  buffer.Consume(1);
  EXPECT_EQ(pins, 1u);
  buffer.Consume(1);
  EXPECT_EQ(pins, 0u);
  EXPECT_EQ(buffer.size(), 1u);
}

TEST(GatherBuffer, ClearReleasesPinsAndMemory) {
  std::atomic<uint32_t> pins{0};
  GatherBuffer buffer;
  buffer.Append(std::string(10000, 'x'));
  buffer.AppendPinned("ab", Pin(&pins));
  buffer.Clear(20000);
  EXPECT_EQ(pins, 0u);
  EXPECT_TRUE(buffer.empty());
  EXPECT_GE(buffer.capacity(), 10000u);
  buffer.Clear(100);
  EXPECT_EQ(buffer.capacity(), 0u);
}

TEST(GatherBuffer, CopiesWhatIsPinnedWhenItIsLittle) {
  std::atomic<uint32_t> pins{0};
  GatherBuffer batch;
  GatherBuffer pending;
  batch.Append("a");
  batch.AppendPinned("bcd", Pin(&pins));
  batch.Append("e");
  batch.Consume(2);
  pending.TakeFrom(&batch, 2);
  EXPECT_EQ(pins, 0u);
  batch.AppendPinned("fgh", Pin(&pins));
  pending.TakeFrom(&batch, 2);
  EXPECT_EQ(pins, 1u);
  EXPECT_EQ(Drain(&pending, 4, 100), "cdefgh");
}

TEST(GatherBuffer, KeepsOrderUnderRandomAppendsTransfersAndSends) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::atomic<uint32_t> pins{0};
  const std::string source(1000, 'p');
  GatherBuffer batch;
  GatherBuffer pending;
  std::string expected;
  std::string sent;
  for (int round = 0; round < 5000; ++round) {
    const size_t length = random() % 300;
    switch (random() % 4) {
      case 0: {
        const std::string text(length, static_cast<char>('a' + round % 26));
        batch.Append(text);
        expected += text;
        break;
      }
      case 1:
        batch.AppendPinned(std::string_view(source).substr(0, length), Pin(&pins));
        expected += source.substr(0, length);
        break;
      case 2:
        pending.TakeFrom(&batch, random() % 2 * 1000);
        EXPECT_TRUE(batch.empty());
        break;
      case 3: {
        std::array<std::string_view, 3> window;
        size_t budget = length;
        const size_t filled = pending.Peek(window);
        size_t taken = 0;
        for (size_t i = 0; i < filled && budget > 0; ++i) {
          const std::string_view piece = window[i].substr(0, budget);
          sent += piece;
          budget -= piece.size();
          taken += piece.size();
        }
        pending.Consume(taken);
        break;
      }
    }
    ASSERT_EQ(sent.size() + pending.size() + batch.size(), expected.size());
  }
  pending.TakeFrom(&batch, 0);
  sent += Drain(&pending, 16, 1000);
  EXPECT_EQ(sent, expected);
  EXPECT_EQ(pins, 0u);
}

}  // namespace
}  // namespace rat_memcache
