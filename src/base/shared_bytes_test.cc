// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/shared_bytes.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache {
namespace {

constexpr size_t kBytes = 512;

std::string Noise(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string text(size, 0);
  for (char& c : text) {
    c = static_cast<char>(random());
  }
  return text;
}

class SharedBytesTest : public ::testing::Test {
 protected:
  SharedBytesTest() : background_(Noise(kBytes, 1)) {
    std::memcpy(shared_, background_.data(), kBytes);
  }
  alignas(8) char shared_[kBytes];
  const std::string background_;
};

TEST_F(SharedBytesTest, LoadsEveryRange) {
  for (size_t at = 8; at < 24; ++at) {
    for (size_t size = 0; size < 100; ++size) {
      std::vector<char> out(
          size);  // exactly as large, so that AddressSanitizer sees a byte too many
      LoadSharedBytes(out.data(), shared_ + at, size);
      ASSERT_EQ(std::string(out.data(), size), background_.substr(at, size)) << at << ' ' << size;
    }
  }
}

TEST_F(SharedBytesTest, LoadsNumbersAtEveryOffset) {
  for (size_t offset = 0; offset < 40; ++offset) {
    uint32_t four;
    uint16_t two;
    std::memcpy(&four, background_.data() + 8 + offset, sizeof four);
    std::memcpy(&two, background_.data() + 8 + offset, sizeof two);
    ASSERT_EQ(LoadSharedNumber<uint32_t>(shared_ + 8, offset), four) << offset;
    ASSERT_EQ(LoadSharedNumber<uint16_t>(shared_ + 8, offset), two) << offset;
  }
}

TEST_F(SharedBytesTest, ComparesEveryByte) {
  for (size_t at = 8; at < 16; ++at) {
    for (size_t size = 0; size < 70; ++size) {
      std::vector<char> same(shared_ + at, shared_ + at + size);
      ASSERT_TRUE(EqualSharedBytes(shared_ + at, same.data(), size));
      for (size_t i = 0; i < size; ++i) {
        same[i] = static_cast<char>(same[i] + 1);
        ASSERT_FALSE(EqualSharedBytes(shared_ + at, same.data(), size)) << at << ' ' << i;
        same[i] = static_cast<char>(same[i] - 1);
      }
    }
  }
}

TEST_F(SharedBytesTest, StoresEveryRangeAndNothingElse) {
  const std::string noise = Noise(100, 2);
  for (size_t at = 8; at < 24; ++at) {
    for (size_t size = 0; size < 100; ++size) {
      std::memcpy(shared_, background_.data(), kBytes);
      const std::vector<char> from(noise.begin(), noise.begin() + static_cast<long>(size));
      StoreSharedBytes(shared_ + at, from.data(), size);
      std::string expected = background_;
      expected.replace(at, size, noise, 0, size);
      ASSERT_EQ(std::string(shared_, kBytes), expected) << at << ' ' << size;
    }
  }
}

TEST_F(SharedBytesTest, WriterJoinsRanges) {
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    std::memcpy(shared_, background_.data(), kBytes);
    SharedWriter writer(shared_ + 16);
    std::string expected;
    for (int part = 0; part < 4; ++part) {
      const std::string text = Noise(random() % 30, random());
      const std::vector<char> exact(text.begin(), text.end());
      writer.Append(exact.data(), exact.size());
      expected += text;
    }
    writer.AppendLow(0x64636261, 4);
    writer.Finish();
    expected += "abcd";
    expected.resize((expected.size() + 7) / 8 * 8, '\0');
    ASSERT_EQ(std::string(shared_ + 16, expected.size()), expected);
    ASSERT_EQ(std::string(shared_, 16), background_.substr(0, 16));
    const size_t behind = 16 + expected.size();
    ASSERT_EQ(std::string(shared_ + behind, kBytes - behind), background_.substr(behind));
  }
}

}  // namespace
}  // namespace rat_memcache
