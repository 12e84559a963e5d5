// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/parser.h"

#include <string>

#include <gtest/gtest.h>

#include "protocol/binary_request_for_test.h"

namespace rat_memcache::protocol {
namespace {

const std::string kNoop = binary::Packet(binary::Opcode::kNoop);

Op FirstOf(Parser* parser, std::string_view input) {
  RequestBatch batch;
  parser->Parse(input, &batch);
  return batch.empty() ? Op::kBody : batch[0].op;
}

TEST(Parser, TheFirstByteDecides) {
  Parser text;
  EXPECT_EQ(FirstOf(&text, ""), Op::kBody);
  EXPECT_EQ(FirstOf(&text, "version\r\n"), Op::kVersion);
  EXPECT_EQ(FirstOf(&text, kNoop + "\n"), Op::kReject) << "for the connection's whole life";

  Parser binary;
  EXPECT_EQ(FirstOf(&binary, kNoop.substr(0, 1)), Op::kBody);
  EXPECT_EQ(binary.wanted(), 24u);
  EXPECT_EQ(FirstOf(&binary, kNoop), Op::kNoop);
  RequestBatch batch;
  EXPECT_TRUE(binary.Parse("version\r\nversion\r\nversion\r\n", &batch).close);
}

TEST(Parser, OneProtocolCanBePrescribed) {
  Parser ascii(Spoken::kAscii);
  EXPECT_EQ(FirstOf(&ascii, kNoop + "\n"), Op::kReject);
  Parser binary(Spoken::kBinary);
  RequestBatch batch;
  EXPECT_FALSE(binary.Parse("version\r\n", &batch).close) << "a header has not come";
  EXPECT_TRUE(binary.Parse("version\r\nversion\r\nversion\r\n", &batch).close);
}

TEST(Parser, ALoginIsRequiredOfText) {
  for (const Spoken spoken : {Spoken::kEither, Spoken::kAscii}) {
    Parser parser(spoken);
    parser.RequireLogin(true);
    EXPECT_EQ(FirstOf(&parser, "get foo\r\n"), Op::kReject);
    EXPECT_EQ(FirstOf(&parser, "set x 0 0 3\r\na b\r\n"), Op::kLogin);
    parser.RequireLogin(false);
    EXPECT_EQ(FirstOf(&parser, "get foo\r\n"), Op::kGet);
  }
}

TEST(Parser, SaysWhatIsMissing) {
  RequestBatch batch;
  Parser ascii;
  EXPECT_EQ(ascii.wanted(), 0u);
  ascii.Parse("set k 0 0 100\r\n", &batch);
  EXPECT_EQ(ascii.wanted(), 117u);
  Parser streaming;
  batch.Clear();
  streaming.Parse("set k 0 0 40000\r\n", &batch);
  EXPECT_EQ(streaming.body_missing(), 40000u);
  Parser binary;
  batch.Clear();
  binary.Parse(binary::HeaderText(0x0e, 1, 0, 40001) + "kv", &batch);
  EXPECT_EQ(binary.body_missing(), 39999u);
}

}  // namespace
}  // namespace rat_memcache::protocol
