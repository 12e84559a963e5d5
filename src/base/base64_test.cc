// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/base64.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace rat_memcache {
namespace {

std::string Encode(std::string_view bytes) {
  std::string text(Base64Size(bytes.size()), '?');
  EXPECT_EQ(WriteBase64(text.data(), bytes), text.data() + text.size());
  return text;
}

std::optional<std::string> Decode(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 1, '?');
  const std::optional<size_t> size = ReadBase64(bytes.data(), text);
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

// RFC 4648, section 10.
TEST(Base64, TestVectorsOfTheStandard) {
  const std::pair<const char*, const char*> vectors[] = {
      {"f", "Zg=="},        {"fo", "Zm8="},        {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(Encode(bytes), text);
    EXPECT_EQ(Decode(text), bytes);
  }
  EXPECT_EQ(Encode(""), "");
}

TEST(Base64, EveryByteComesBack) {
  std::mt19937 random(7);
  for (size_t size = 1; size <= 190; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) {
      c = static_cast<char>(random());
    }
    EXPECT_EQ(Decode(Encode(bytes)), bytes);
  }
}

TEST(Base64, WhatIsNoneIsRefused) {
  for (const char* text : {"", "Z", "Zg", "Zg=", "Zg=g", "=g==", "Z===", "====", "Zm9 ", "Zm9v\n",
                           "Zg==Zg==", "Zm9-", "Zm9_", "\xff\xff\xff\xff"}) {
    EXPECT_FALSE(Decode(text)) << text;
  }
}

}  // namespace
}  // namespace rat_memcache
