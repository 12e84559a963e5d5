// The streaming protocol as a client sees it, and what it holds on to meanwhile.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "command/executor_for_test.h"
#include "command/streaming_commands.h"

namespace rat_memcache::command {
namespace {

class StreamingTest : public ExecutorForTest {
 protected:
  void SetUp() override { Open(); }

  void OpenWith(config::StreamingOptions streaming) {
    config::ServerOptions options;
    options.streaming = streaming;
    Open(options);
  }
  // One command, which must be answered so; both without their CRLF.
  void Expect(const std::string& said, const std::string& reply) {
    EXPECT_EQ(Talk(said + "\r\n"), reply + "\r\n") << said;
  }
  std::string Chunk(const std::string& key, int number, const std::string& bytes,
                    const std::string& noreply = "") {
    return Talk("set_data " + key + " " + std::to_string(number) + " " +
                std::to_string(bytes.size()) + noreply + "\r\n" + bytes + "\r\n");
  }
  void ExpectChunk(const std::string& key, int number, const std::string& bytes,
                   const std::string& reply = "STORED") {
    EXPECT_EQ(Chunk(key, number, bytes), reply + "\r\n");
  }
  void ExpectValue(const std::string& key, const std::string& value) {
    EXPECT_EQ(Talk("get " + key + "\r\n"), "VALUE " + key + " 0 " + std::to_string(value.size()) +
                                               "\r\n" + value + "\r\nEND\r\n");
  }
  uint64_t Stat(const std::string& name) { return StatOf("streaming", name); }
  static std::string Bytes(size_t size, unsigned seed = 1) {
    std::string bytes(size, '\0');
    for (char& c : bytes) {
      seed = seed * 1664525 + 1013904223;
      c = static_cast<char>(seed >> 24);
    }
    return bytes;
  }
};

TEST_F(StreamingTest, DownloadsInChunksOfAnySize) {
  Talk("set big 5 0 10\r\nabcdefghij\r\n");
  EXPECT_EQ(
      Talk("sget big 4\r\n"),
      "STREAM_BEGIN big 10 3\r\nSTREAM_DATA big 0 4\r\nabcd\r\nSTREAM_DATA big 1 4\r\nefgh\r\n"
      "STREAM_DATA big 2 2\r\nij\r\nSTREAM_END big\r\n");
  EXPECT_EQ(Talk("sgets big 4 2\r\n"),
            "STREAM_BEGIN big 10 3 5 2\r\nSTREAM_DATA big 2 2\r\nij\r\nSTREAM_END big\r\n");
  EXPECT_EQ(Talk("sgets big 4 2 2\r\n"),
            "STREAM_BEGIN big 10 3 5 2\r\nSTREAM_DATA big 2 2\r\nij\r\nSTREAM_END big\r\n");
  Expect("sgets big 4 2 1", "STREAM_ERROR value changed");
  Expect("sget big 4 3", "STREAM_ERROR invalid chunk number");
  Expect("sget big 4 x", "STREAM_ERROR invalid chunk number");
  Expect("sget big 0", "STREAM_ERROR invalid chunk size");
  Expect("sget big x", "STREAM_ERROR invalid chunk size");
  Expect("sget big 1048577", "STREAM_ERROR invalid chunk size");
  Expect("sget big 1048576 1", "STREAM_ERROR invalid chunk number");
  Expect("sget nothing 0", "STREAM_ERROR key not found");
  Talk("set e 0 0 0\r\n\r\n");
  Expect("sget e", "STREAM_BEGIN e 0 0\r\nSTREAM_END e");
  Expect("sget e 5 0", "STREAM_BEGIN e 0 0\r\nSTREAM_END e");
  Expect("sget e 5 1", "STREAM_ERROR invalid chunk number");
}

TEST_F(StreamingTest, DownloadsEveryByteOfLargeValues) {
  for (const size_t size : {size_t{4096}, size_t{16'385}, size_t{200'000}, size_t{1'000'000}}) {
    const std::string value = Bytes(size);
    EXPECT_EQ(Talk("set k 0 0 " + std::to_string(size) + "\r\n" + value + "\r\n"), "STORED\r\n");
    for (const size_t chunk : {size_t{10'000}, size_t{4096}, size_t{300'000}}) {
      std::string expected = "STREAM_BEGIN k " + std::to_string(size) + " " +
                             std::to_string((size + chunk - 1) / chunk) + "\r\n";
      for (size_t at = 0, number = 0; at < size; at += chunk, ++number) {
        const std::string bytes = value.substr(at, chunk);
        expected += "STREAM_DATA k " + std::to_string(number) + " " + std::to_string(bytes.size()) +
                    "\r\n" + bytes + "\r\n";
      }
      EXPECT_TRUE(Talk("sget k " + std::to_string(chunk) + "\r\n") ==
                  expected + "STREAM_END k\r\n");
    }
  }
}

TEST_F(StreamingTest, TooManyChunks) {
  config::ServerOptions options;
  options.item_size_max = size_t{2} << 20;
  Open(options);
  const std::string value((1 << 20) + 1, 'x');
  EXPECT_EQ(Talk("set k 0 0 1048577\r\n" + value + "\r\n"), "STORED\r\n");
  Expect("sget k 1", "STREAM_ERROR too many chunks");
  EXPECT_TRUE(Talk("sget k 2\r\n").starts_with("STREAM_BEGIN k 1048577 524289\r\n"));
}

TEST_F(StreamingTest, NoMoreIsReadyThanTheClientReads) {
  Set("k", 1'000'000);
  protocol::RequestBatch batch;
  const std::string line = "sget k 1000\r\nget k\r\n";
  EXPECT_EQ(parser_.Parse(line, &batch).consumed, 13u);
  GatherBuffer out;
  EXPECT_EQ(executor_->Run(&batch, &session_, &out), Executor::After::kGoOn);
  std::unique_ptr<Producer> stream = std::move(session_.producer);
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(Stat("streams_open"), 1u);
  out.Consume(out.size());
  // The item is another by now, the stream is not.
  ASSERT_EQ(cache_->Put({.key = cache_->MakeKey("k"), .value = "other"}).status,
            cache::PutStatus::kStored);
  int parts = 0;
  while (stream->Produce(&out)) {
    ASSERT_LE(out.size(), size_t{64} << 10);
    out.Consume(out.size());
    ++parts;
  }
  EXPECT_EQ(parts, 15);
  stream.reset();
  EXPECT_EQ(Stat("streams_open"), 0u);
  EXPECT_EQ(Stat("streams_total"), 1u);
  EXPECT_EQ(Stat("streams_failed"), 0u);
  EXPECT_EQ(Stat("stream_bytes_out"), 1'000'000u);
}

TEST_F(StreamingTest, ABrokenOffDownloadIsCountedAndLetsGo) {
  Set("k", 10'000);
  const uint64_t before = cache_->Stats().external_bytes;
  protocol::RequestBatch batch;
  parser_.Parse("sget k 1000\r\n", &batch);
  GatherBuffer out;
  EXPECT_EQ(executor_->Run(&batch, &session_, &out), Executor::After::kGoOn);
  EXPECT_EQ(cache_->Stats().external_bytes, before + 10'000);
  Connect();
  EXPECT_EQ(cache_->Stats().external_bytes, before);
  EXPECT_EQ(Stat("streams_failed"), 1u);
}

TEST_F(StreamingTest, DownloadsCountAsGets) {
  Set("k", 10);
  Talk("sget k\r\nsget none\r\n");
  EXPECT_EQ(StatOf("", "cmd_get"), 2u);
  EXPECT_EQ(StatOf("", "get_hits"), 1u);
  EXPECT_EQ(StatOf("", "get_misses"), 1u);
}

TEST_F(StreamingTest, UploadsChunksInAnyOrder) {
  Expect("set_begin k 10 3 0 300", "STORED");
  ExpectChunk("k", 2, "ij");
  ExpectChunk("k", 0, "a");
  ExpectChunk("k", 1, "bcdefgh");
  Expect("get k", "END");
  Expect("set_end k", "STORED");
  ExpectValue("k", "abcdefghij");
  Expect("set_end k", "CLIENT_ERROR no upload in progress");
  EXPECT_EQ(StatOf("", "cmd_set"), 1u);
  EXPECT_EQ(Stat("uploads_stored"), 1u);
  EXPECT_EQ(Stat("upload_bytes_in"), 10u);
  EXPECT_EQ(Stat("uploads_open"), 0u);
  EXPECT_EQ(Stat("upload_bytes_held"), 0u);
}

TEST_F(StreamingTest, UploadsLargeValuesInLargeChunks) {
  config::ServerOptions options;
  options.memory_limit = size_t{64} << 20;
  options.item_size_max = size_t{8} << 20;
  Open(options);
  const std::string value = Bytes(3'500'000);
  const uint64_t before = cache_->Stats().external_bytes;
  Expect("set_begin k 3500000 4 7 0", "STORED");
  for (const int number : {3, 0, 2, 1}) {
    ExpectChunk("k", number, value.substr(static_cast<size_t>(number) * 1'000'000, 1'000'000));
  }
  EXPECT_EQ(Stat("upload_bytes_held"), 3'500'000u);
  EXPECT_GT(cache_->Stats().external_bytes, before + 3'500'000);
  Expect("set_end k", "STORED");
  EXPECT_EQ(Stat("upload_bytes_held"), 0u);
  EXPECT_EQ(cache_->Stats().external_bytes, before);
  EXPECT_TRUE(Talk("get k\r\n") == "VALUE k 7 3500000\r\n" + value + "\r\nEND\r\n");
}

TEST_F(StreamingTest, ARepeatedChunkReplacesTheEarlier) {
  Expect("set_begin k 6 2 0", "STORED");
  ExpectChunk("k", 0, "abcd");
  ExpectChunk("k", 1, "xyz", "CLIENT_ERROR chunk data exceeds total size");
  ExpectChunk("k", 0, "ABC");
  ExpectChunk("k", 1, "xyz");
  EXPECT_EQ(Stat("upload_bytes_held"), 6u);
  Expect("set_end k", "STORED");
  ExpectValue("k", "ABCxyz");
}

TEST_F(StreamingTest, MissingAndShortChunks) {
  Set("k", 3);
  Expect("set_begin k 6 2 0", "STORED");
  ExpectChunk("k", 0, "abc");
  Expect("set_end k", "CLIENT_ERROR upload incomplete");
  ExpectChunk("k", 1, "de");
  Expect("set_end k", "CLIENT_ERROR upload size mismatch");
  ExpectValue("k", "vvv");
  ExpectChunk("k", 1, "def");
  Expect("set_end k", "STORED");
  ExpectValue("k", "abcdef");
}

TEST_F(StreamingTest, WrongBeginnings) {
  Expect("set_begin k 10 0 0", "CLIENT_ERROR invalid chunk count");
  Expect("set_begin k 0 1 0", "CLIENT_ERROR invalid chunk count");
  Expect("set_begin k 10 11 0", "CLIENT_ERROR invalid chunk count");
  Expect("set_begin k 100000 65537 0", "CLIENT_ERROR invalid chunk count");
  Expect("set_begin k 100000 65536 0", "STORED");
  Expect("set_begin big 1048576 1 0", "SERVER_ERROR object too large for cache");
  Expect("set_begin big 18446744073709551615 1 0", "SERVER_ERROR object too large for cache");
  EXPECT_EQ(StatOf("", "store_too_large"), 2u);
  EXPECT_EQ(Stat("uploads_open"), 1u);
}

TEST_F(StreamingTest, ARefusedBeginningChangesNothing) {
  Expect("set_begin k 3 1 0", "STORED");
  ExpectChunk("k", 0, "abc");
  Expect("set_begin k 3 4 0", "CLIENT_ERROR invalid chunk count");
  Expect("set_begin k 2000000 1 0", "SERVER_ERROR object too large for cache");
  Expect("set_end k", "STORED");
  // Another one that is granted begins anew.
  Expect("set_begin k 3 1 0", "STORED");
  ExpectChunk("k", 0, "abc");
  Expect("set_begin k 3 1 0", "STORED");
  Expect("set_end k", "CLIENT_ERROR upload incomplete");
  EXPECT_EQ(Stat("uploads_aborted"), 1u);
  EXPECT_EQ(Stat("upload_bytes_held"), 0u);
}

TEST_F(StreamingTest, WrongChunks) {
  const std::string large(40'000, 'x');
  ExpectChunk("k", 0, "abc", "CLIENT_ERROR no upload in progress");
  ExpectChunk("k", 0, large, "CLIENT_ERROR no upload in progress");
  Expect("set_begin k 100000 3 0", "STORED");
  ExpectChunk("k", 3, "abc", "CLIENT_ERROR invalid chunk number");
  ExpectChunk("k", 3, large, "CLIENT_ERROR invalid chunk number");
  ExpectChunk("k", 0, "", "CLIENT_ERROR chunk too large");
  ExpectChunk("k", 0, std::string((1 << 20) + 1, 'x'), "CLIENT_ERROR chunk too large");
  EXPECT_EQ(Talk("set_data k 0 3\r\nabcde"), "CLIENT_ERROR bad data chunk\r\n");
  EXPECT_EQ(Talk("set_data k 0 40000\r\n" + large + "zz"), "CLIENT_ERROR bad data chunk\r\n");
  EXPECT_EQ(Talk("set_data k x 3\r\nabc\r\n"), "CLIENT_ERROR bad command line format\r\n");
  EXPECT_EQ(Stat("upload_bytes_held"), 0u);
  ExpectChunk("k", 0, large);
  ExpectChunk("k", 1, large);
  ExpectChunk("k", 2, large, "CLIENT_ERROR chunk data exceeds total size");
  ExpectChunk("k", 2, std::string(20'000, 'y'));
  Expect("set_end k", "STORED");
}

TEST_F(StreamingTest, ASuppressedFailureIsSaidAtTheEnd) {
  Expect("set_begin p 6 2 0 0", "STORED");
  EXPECT_EQ(Chunk("p", 0, "abc", " noreply"), "");
  EXPECT_EQ(Chunk("p", 7, "def", " noreply"), "");
  EXPECT_EQ(Chunk("p", 1, "", " noreply"), "");
  Expect("set_end p", "CLIENT_ERROR invalid chunk number");
  Expect("set_end p", "CLIENT_ERROR no upload in progress");
  EXPECT_EQ(Stat("uploads_failed"), 1u);
  EXPECT_EQ(Stat("upload_bytes_held"), 0u);
  // So is that of a line that was no good, of a chunk in parts, and of one framed badly.
  EXPECT_EQ(Talk("set_begin p 6 2 0 noreply\r\nset_data p x 3 noreply\r\nabc\r\n"), "");
  Expect("set_end p", "CLIENT_ERROR bad command line format");
  EXPECT_EQ(Talk("set_begin p 6 2 0 noreply\r\n"), "");
  EXPECT_EQ(Chunk("p", 9, std::string(40'000, 'x'), " noreply"), "");
  Expect("set_end p", "CLIENT_ERROR invalid chunk number");
  EXPECT_EQ(Talk("set_begin p 6 2 0 noreply\r\nset_data p 0 3 noreply\r\nabcde"), "");
  EXPECT_EQ(Talk("set_end p noreply\r\n"), "");
  Expect("set_end p", "CLIENT_ERROR no upload in progress");
  // A new beginning forgets it.
  EXPECT_EQ(Talk("set_begin p 3 1 0 noreply\r\nset_data p 9 3 noreply\r\nabc\r\n"
                 "set_begin p 3 1 0 noreply\r\nset_data p 0 3 noreply\r\nabc\r\nset_end p\r\n"),
            "STORED\r\n");
}

TEST_F(StreamingTest, UploadsBelongToTheirConnection) {
  Expect("set_begin k 3 1 0", "STORED");
  ExpectChunk("k", 0, "abc");
  EXPECT_EQ(Stat("upload_bytes_held"), 3u);
  Connect();
  EXPECT_EQ(Stat("uploads_open"), 0u);
  EXPECT_EQ(Stat("upload_bytes_held"), 0u);
  EXPECT_EQ(Stat("uploads_aborted"), 1u);
  Expect("set_end k", "CLIENT_ERROR no upload in progress");
}

TEST_F(StreamingTest, AnUploadCanBeGivenUp) {
  Expect("set_begin k 3 1 0", "STORED");
  ExpectChunk("k", 0, "abc");
  Expect("set_abort k", "OK");
  Expect("set_abort k", "CLIENT_ERROR no upload in progress");
  EXPECT_EQ(Stat("upload_bytes_held"), 0u);
  EXPECT_EQ(Stat("uploads_aborted"), 1u);
}

TEST_F(StreamingTest, OnlySoManyUploadsPerConnection) {
  for (int i = 0; i < 16; ++i) {
    Expect("set_begin k" + std::to_string(i) + " 3 1 0", "STORED");
  }
  Expect("set_begin k16 3 1 0", "CLIENT_ERROR too many uploads on this connection");
  Expect("set_begin k15 4 1 0", "STORED");
  Expect("set_abort k0", "OK");
  Expect("set_begin k16 3 1 0", "STORED");
}

TEST_F(StreamingTest, OnlySoMuchMemoryForAllUploads) {
  OpenWith({.max_upload_memory = 100'000});
  Expect("set_begin k 100001 2 0", "SERVER_ERROR upload memory limit reached");
  Expect("set_begin k 100000 2 0", "STORED");
  Expect("set_begin j 100000 2 0", "STORED");
  ExpectChunk("k", 0, std::string(50'000, 'a'));
  ExpectChunk("j", 0, std::string(40'000, 'b'));
  ExpectChunk("k", 1, std::string(50'000, 'c'), "SERVER_ERROR upload memory limit reached");
  EXPECT_EQ(Stat("upload_bytes_held"), 90'000u);
  Expect("set_abort j", "OK");
  ExpectChunk("k", 1, std::string(50'000, 'c'));
  Expect("set_end k", "STORED");
}

TEST_F(StreamingTest, ManySmallChunksAreNotFreeOfCharge) {
  OpenWith({.max_chunks = 100, .max_upload_memory = 1000});
  Expect("set_begin k 100 100 0", "STORED");
  for (int i = 0; i < 100; ++i) {
    ExpectChunk("k", i, "x");
  }
  Expect("set_begin j 100 100 0", "SERVER_ERROR upload memory limit reached");
  Expect("set_end k", "STORED");
  Expect("set_begin j 100 100 0", "STORED");
}

TEST_F(StreamingTest, WhatIsLeftLyingAboutExpires) {
  Expect("set_begin a 3 1 0", "STORED");
  ExpectChunk("a", 0, "abc");
  Pass(50);
  Expect("set_begin b 80000 2 0", "STORED");
  // In the middle of a chunk.
  EXPECT_EQ(Talk("set_data b 0 40000\r\n" + std::string(10'000, 'b')), "");
  Pass(10);
  EXPECT_EQ(uploads_->Sweep(clock_.Now()), 0u);
  Pass(1);
  EXPECT_EQ(uploads_->Sweep(clock_.Now()), 1u);
  EXPECT_EQ(uploads_->open(), 1u);
  EXPECT_EQ(uploads_->bytes_held(), 40'000u);
  Pass(50);
  EXPECT_EQ(uploads_->Sweep(clock_.Now()), 1u);
  EXPECT_EQ(uploads_->open(), 0u);
  EXPECT_EQ(uploads_->bytes_held(), 0u);
  EXPECT_EQ(Talk(std::string(30'000, 'b') + "\r\n"), "CLIENT_ERROR no upload in progress\r\n");
  Expect("set_end a", "CLIENT_ERROR no upload in progress");
  Expect("set_end b", "CLIENT_ERROR no upload in progress");
}

TEST_F(StreamingTest, ExpiresWithoutASweepToo) {
  Expect("set_begin a 3 1 0", "STORED");
  Pass(61);
  ExpectChunk("a", 0, "abc", "CLIENT_ERROR no upload in progress");
  EXPECT_EQ(Stat("uploads_expired"), 1u);
  EXPECT_EQ(Stat("uploads_open"), 0u);
}

TEST_F(StreamingTest, SweepingWhileChunksCome) {
  std::thread sweeper([&] {
    for (int i = 0; i < 2000; ++i) {
      (void)uploads_->Sweep(clock_.Now());
      (void)uploads_->open();
    }
  });
  for (int i = 0; i < 300; ++i) {
    const std::string key = "k" + std::to_string(i % 20);
    Talk("set_begin " + key + " 6 2 0\r\n");
    Chunk(key, 0, "abc");
    if (i % 7 == 0) Pass(61);
    Chunk(key, 1, "def");
    Talk("set_end " + key + "\r\n");
  }
  sweeper.join();
  Connect();
  EXPECT_EQ(uploads_->bytes_held(), 0u);
  EXPECT_EQ(uploads_->open(), 0u);
}

TEST_F(StreamingTest, AThousandAbandonedUploads) {
  OpenWith({.max_uploads_per_connection = 1000});
  const uint64_t before = cache_->Stats().external_bytes;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "k" + std::to_string(i);
    Expect("set_begin " + key + " 2000 2 0", "STORED");
    ExpectChunk(key, 1, std::string(1000, 'x'));
  }
  EXPECT_EQ(uploads_->bytes_held(), 1'000'000u);
  Pass(61);
  EXPECT_EQ(uploads_->Sweep(clock_.Now()), 1000u);
  EXPECT_EQ(uploads_->open(), 0u);
  EXPECT_EQ(uploads_->bytes_held(), 0u);
  Connect();
  EXPECT_EQ(cache_->Stats().external_bytes, before);
}

TEST_F(StreamingTest, AFlushDoesNotTouchUploads) {
  Expect("set_begin k 3 1 0", "STORED");
  ExpectChunk("k", 0, "abc");
  Expect("flush_all", "OK");
  Expect("set_end k", "STORED");
  ExpectValue("k", "abc");
}

TEST_F(StreamingTest, ARelativeTimeCountsFromTheEnd) {
  Expect("set_begin k 3 1 0 30", "STORED");
  ExpectChunk("k", 0, "abc");
  Pass(40);
  Expect("set_end k", "STORED");
  Pass(29);
  ExpectValue("k", "abc");
  Pass(2);
  Expect("get k", "END");
}

TEST_F(StreamingTest, NoRoomKeepsTheOldValueAndDropsTheUpload) {
  config::ServerOptions options;
  options.memory_limit = size_t{8} << 20;
  options.item_size_max = size_t{3} << 20;
  options.eviction = config::EvictionStrategy::kNone;
  Open(options);
  Set("k", 3);
  int filled = 0;
  while (Talk("set f" + std::to_string(filled) + " 0 0 100000\r\n" + std::string(100'000, 'f') +
              "\r\n") == "STORED\r\n") {
    ++filled;
  }
  ASSERT_GT(filled, 20);
  Expect("set_begin k 2000000 2 0", "STORED");
  ExpectChunk("k", 0, std::string(1'000'000, 'x'));
  ExpectChunk("k", 1, std::string(1'000'000, 'x'));
  Expect("set_end k", "SERVER_ERROR out of memory storing object");
  Expect("set_end k", "CLIENT_ERROR no upload in progress");
  ExpectValue("k", "vvv");
  EXPECT_EQ(Stat("uploads_failed"), 1u);
  EXPECT_EQ(Stat("upload_bytes_held"), 0u);
}

TEST_F(StreamingTest, OverUdpThereIsNone) {
  session_.over_udp = true;
  Expect("sget k", "STREAM_ERROR not available over UDP");
  Expect("set_begin k 3 1 0", "CLIENT_ERROR not available over UDP");
  ExpectChunk("k", 0, "abc", "CLIENT_ERROR not available over UDP");
  ExpectChunk("k", 0, std::string(40'000, 'x'), "CLIENT_ERROR not available over UDP");
  EXPECT_EQ(Talk("set_end k noreply\r\n"), "");
  Expect("set_abort k", "CLIENT_ERROR not available over UDP");
}

}  // namespace
}  // namespace rat_memcache::command
