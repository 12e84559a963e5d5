// Matches the bytes that a server sends with the requests of a batch.
//
// Pure: no socket, no clock. The bytes may be cut anywhere; nothing but an unfinished head is kept.
// Values are jumped over by their announced size (and compared, if asked for), never searched.
//
// A reply is a run of heads, each with a value behind it or none. A head is a line, or what a
// binary packet has in front of its value. load/protocol.h tells what is asked for.
//
// A head that is not the reply but does end it (ERROR, SERVER_ERROR ..., NOT_STORED, a status) is
// counted as a fault and the next request goes on. After anything else nobody can tell where the
// next reply begins: the outcome is kBroken and the connection is of no further use.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/batch.h"
#include "load/counters.h"

namespace rat_memcache::load {

class ReplyParser {
 public:
  enum class Outcome : uint8_t { kMore, kDone, kBroken };

  // What all connections share; outlives the parsers.
  struct Shared {
    const Data* data;
    Counters* counters;
    Faults* faults;
    bool verify = false;          // compare every byte of every value
    bool any_key = false;         // take a value under any key of the right size
    bool collect_misses = false;  // fill missed_ids()
  };

  explicit ReplyParser(const Shared* shared) : shared_(shared) {}

  // Expects the replies to `batch`, which stays as it is until the outcome is kDone.
  void Begin(const Batch* batch);

  // kDone when the last reply is complete. Bytes after that are a fault.
  Outcome Consume(std::string_view bytes);

  // Bytes that Consume() would jump over without looking. The caller may drop them from the socket
  // and say so to Skip().
  uint64_t bytes_to_skip() const {
    if (shared_->verify || value_left_ == 0) return 0;
    return tail_left_ > 0 ? value_left_ : value_left_ - 1;  // Consume() has to see the end
  }
  void Skip(uint64_t bytes) { value_left_ -= bytes; }

  // Keys that were not there, of all batches since the last clear.
  std::vector<uint32_t>& missed_ids() { return missed_ids_; }

 private:
  const Batch::Request& request() const { return batch_->requests()[request_]; }
  bool is_binary() const { return shared_->data->protocol == Protocol::kBinary; }
  bool in_value() const { return value_left_ + tail_left_ > 0; }
  // Whether the request is a run of quiet gets, whose replies are closed by that to a noop.
  bool is_quiet_run() const {
    return shared_->data->protocol != Protocol::kClassic && request().kind == Batch::Kind::kGet &&
           request().keys > 1;
  }

  // How much of what came belongs to the head that begins or goes on there, as far as is known.
  size_t SizeOfPiece(std::string_view bytes) const;
  bool IsWholeHead(std::string_view head) const;
  // Each takes a whole head (a line with its line end) and returns false if the stream is broken.
  bool TakeHead(std::string_view head);
  bool TakeLine(std::string_view line);
  bool TakeClassicValueLine(std::string_view line);
  bool TakeMetaValueLine(std::string_view line);
  bool TakeOther(std::string_view line);
  bool TakePacket(std::string_view bytes);

  // A value of key value_id_ comes next. `line`: what announced it, for a message.
  void BeginValue(uint32_t flags, uint64_t size, std::string_view line);
  // Takes value bytes and the line end behind them; returns what is left, or nullptr if broken.
  const char* TakeValue(const char* at, const char* end);

  // The key of the next value: the only one of the request, or one that came with the value.
  void TakeOnlyKey();
  bool IsExpectedKey(std::string_view key);
  void CountGet();
  void FinishRequest();
  void AddUnexpected(std::string_view text);
  void AddWrongValue(std::string_view text);
  bool Break(std::string_view what, std::string_view shown);

  const Shared* const shared_;
  const Batch* batch_ = nullptr;
  size_t request_ = 0;     // index of the request whose reply is expected
  size_t first_id_ = 0;    // index of its first key in batch_->ids()
  uint32_t key_ = 0;       // how many of its keys are accounted for
  uint32_t hits_ = 0;      // how many of them were there
  uint32_t value_id_ = 0;  // whose value comes next
  bool compare_ = false;   // whether it is to be compared
  uint64_t value_at_ = 0;  // how much of it has come
  uint64_t value_left_ = 0;
  uint32_t tail_left_ = 0;  // bytes of the line end behind the value
  bool is_last_ = false;    // whether the request is answered with the value
  std::string head_start_;  // of a head whose end has not come yet
  std::vector<uint32_t> missed_ids_;
};

}  // namespace rat_memcache::load
