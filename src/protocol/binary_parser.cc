// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/binary_parser.h"

#include <algorithm>
#include <array>

namespace rat_memcache::protocol {
namespace {

using binary::kHeaderBytes;
using binary::Opcode;
using binary::ReadBig;
using binary::Sizes;
using binary::Status;

enum class Part : uint8_t { kNone, kMaybe, kMust };

// What an opcode means, and what a request with it consists of.
struct Shape {
  Op op = Op::kReject;
  bool quiet = false;
  uint8_t extras = 0;
  Part key = Part::kNone;
  bool value = false;
  bool extras_may_lack = false;
};

constexpr size_t kShapes = static_cast<size_t>(Opcode::kGatKQ) + 1;
constexpr uint8_t kStoreExtras = 8;   // flags, exptime
constexpr uint8_t kTimeExtras = 4;    // exptime
constexpr uint8_t kCountExtras = 20;  // delta, initial number, exptime

// The last one stands for opcodes that nobody knows.
constexpr std::array<Shape, kShapes + 1> MakeShapes() {
  std::array<Shape, kShapes + 1> shapes{};
  const auto set = [&](Opcode opcode, const Shape& shape) {
    shapes[static_cast<size_t>(opcode)] = shape;
  };
  const auto both = [&](Opcode loud, Opcode quiet, Shape shape) {
    set(loud, shape);
    shape.quiet = true;
    set(quiet, shape);
  };
  const Shape get{.op = Op::kGet, .key = Part::kMust};
  const Shape gat{.op = Op::kGat, .extras = kTimeExtras, .key = Part::kMust};
  both(Opcode::kGet, Opcode::kGetQ, get);
  both(Opcode::kGetK, Opcode::kGetKQ, get);
  both(Opcode::kGat, Opcode::kGatQ, gat);
  both(Opcode::kGatK, Opcode::kGatKQ, gat);
  set(Opcode::kTouch, {.op = Op::kTouch, .extras = kTimeExtras, .key = Part::kMust});
  Shape store{.op = Op::kSet, .extras = kStoreExtras, .key = Part::kMust, .value = true};
  both(Opcode::kSet, Opcode::kSetQ, store);
  store.op = Op::kAdd;
  both(Opcode::kAdd, Opcode::kAddQ, store);
  store.op = Op::kReplace;
  both(Opcode::kReplace, Opcode::kReplaceQ, store);
  Shape extend{.op = Op::kAppend, .key = Part::kMust, .value = true};
  both(Opcode::kAppend, Opcode::kAppendQ, extend);
  extend.op = Op::kPrepend;
  both(Opcode::kPrepend, Opcode::kPrependQ, extend);
  both(Opcode::kDelete, Opcode::kDeleteQ, {.op = Op::kDelete, .key = Part::kMust});
  Shape count{.op = Op::kIncr, .extras = kCountExtras, .key = Part::kMust};
  both(Opcode::kIncrement, Opcode::kIncrementQ, count);
  count.op = Op::kDecr;
  both(Opcode::kDecrement, Opcode::kDecrementQ, count);
  both(Opcode::kQuit, Opcode::kQuitQ, {.op = Op::kQuit});
  both(Opcode::kFlush, Opcode::kFlushQ,
       {.op = Op::kFlushAll, .extras = kTimeExtras, .extras_may_lack = true});
  set(Opcode::kNoop, {.op = Op::kNoop});
  set(Opcode::kVersion, {.op = Op::kVersion});
  set(Opcode::kStat, {.op = Op::kStats, .key = Part::kMaybe});
  const Shape sasl{.op = Op::kSasl, .key = Part::kMust, .value = true};
  set(Opcode::kSaslListMechs, {.op = Op::kSasl});
  set(Opcode::kSaslAuth, sasl);
  set(Opcode::kSaslStep, sasl);
  return shapes;
}
constexpr std::array<Shape, kShapes + 1> kShapeOf = MakeShapes();

Sizes SizesOf(const char* header) {
  return {.key = ReadBig<uint16_t>(header + 2),
          .extras = ReadBig<uint8_t>(header + 4),
          .body = ReadBig<uint32_t>(header + 8)};
}

BinaryHeader* AddHeader(const char* from, RequestBatch* batch) {
  BinaryHeader* const header = batch->AddBinary();
  header->opcode = ReadBig<uint8_t>(from + 1);
  header->opaque = ReadBig<uint32_t>(from + 12);
  header->cas = ReadBig<uint64_t>(from + 16);
  return header;
}

bool Fits(const Shape& shape, const Sizes& sizes) {
  if (sizes.extras != shape.extras && !(sizes.extras == 0 && shape.extras_may_lack)) return false;
  if (shape.key == Part::kNone ? sizes.key != 0 : shape.key == Part::kMust && sizes.key == 0) {
    return false;
  }
  return shape.value || sizes.body == uint32_t{sizes.key} + sizes.extras;
}

void ReadExtras(const char* extras, size_t bytes, Request* request, BinaryHeader* header) {
  switch (bytes) {
    case kTimeExtras:
      request->exptime = ReadBig<uint32_t>(extras);
      break;
    case kStoreExtras:
      request->client_flags = ReadBig<uint32_t>(extras);
      request->exptime = ReadBig<uint32_t>(extras + 4);
      break;
    case kCountExtras:
      request->number = ReadBig<uint64_t>(extras);
      header->initial = ReadBig<uint64_t>(extras + 8);
      request->exptime = ReadBig<uint32_t>(extras + 16);
      break;
    default:
      break;
  }
}

}  // namespace

BinaryParser::Progress BinaryParser::Parse(std::string_view input, RequestBatch* batch) {
  Progress progress;
  wanted_ = 0;
  for (bool go_on = true; go_on;) {
    std::string_view rest = input;
    rest.remove_prefix(progress.consumed);
    switch (state_) {
      case State::kHeader:
        go_on = ParseRequest(rest, batch, &progress);
        break;
      case State::kBody:
        go_on = ParseBody(rest, batch, &progress);
        break;
      case State::kSwallow:
        go_on = Swallow(rest, &progress);
        break;
      case State::kClosed:
        progress.close = true;
        go_on = false;
        break;
    }
  }
  return progress;
}

bool BinaryParser::ParseRequest(std::string_view rest, RequestBatch* batch, Progress* progress) {
  if (rest.empty() || batch->full()) return false;
  if (rest.size() < kHeaderBytes) {
    wanted_ = kHeaderBytes;
    return false;
  }
  const char* const header = rest.data();
  if (ReadBig<uint8_t>(header) != binary::kRequestMagic) {
    state_ = State::kClosed;
    return true;
  }
  const Sizes sizes = SizesOf(header);
  const auto opcode = ReadBig<uint8_t>(header + 1);
  // In this order, as memcached finds them.
  if (sizes.body > kBodyMax) return RejectAndClose(header, Status::kInvalid, batch, progress);
  if (uint32_t{sizes.key} + sizes.extras > sizes.body) {
    return RejectAndClose(header, Status::kUnknownCommand, batch, progress);
  }
  if (sizes.key > AsciiParser::kKeyMax) {
    return RejectAndClose(header, Status::kInvalid, batch, progress);
  }
  const Shape shape = kShapeOf[std::min<size_t>(opcode, kShapes)];
  if (shape.op == Op::kReject) {
    return RejectAndSwallow(header, Status::kUnknownCommand, Op::kReject, batch, progress);
  }
  if (!Fits(shape, sizes)) return RejectAndClose(header, Status::kInvalid, batch, progress);

  const size_t head_bytes = kHeaderBytes + sizes.extras + sizes.key;
  const auto value_size = static_cast<uint32_t>(kHeaderBytes + sizes.body - head_bytes);
  if (shape.op == Op::kSasl && sizes.key > kMechanismMax) {
    return RejectAndSwallow(header, Status::kInvalid, Op::kSasl, batch, progress);
  }
  if (shape.op == Op::kSasl && value_size > AsciiParser::kLoginMax) {
    return RejectAndSwallow(header, Status::kNoMemory, Op::kSasl, batch, progress);
  }
  const bool streamed = value_size >= AsciiParser::kStreamedFrom;
  const size_t needed = streamed ? head_bytes : head_bytes + value_size;
  if (rest.size() < needed) {
    wanted_ = needed;
    return false;
  }
  Request* const request = batch->Add();
  request->op = shape.op;
  request->noreply = shape.quiet;
  request->value_size = value_size;
  request->streamed = streamed;
  BinaryHeader* const binary = AddHeader(header, batch);
  if (sizes.extras > 0) ReadExtras(header + kHeaderBytes, sizes.extras, request, binary);
  const std::string_view key(header + kHeaderBytes + sizes.extras, sizes.key);
  if (shape.op == Op::kStats) {
    batch->Close();
    request->value = key;  // its arguments, not the key of an item
  } else {
    request->key = key;
    if (shape.value && !streamed) request->value = {header + head_bytes, value_size};
  }
  batch->EndLine();
  progress->consumed += needed;
  if (streamed) {
    missing_ = value_size;
    state_ = State::kBody;
  }
  return true;
}

bool BinaryParser::RejectAndClose(const char* header, Status status, RequestBatch* batch,
                                  Progress* progress) {
  batch->Add();
  BinaryHeader* const binary = AddHeader(header, batch);
  binary->refusal = static_cast<uint16_t>(status);
  binary->closes = true;
  batch->EndLine();
  progress->consumed += kHeaderBytes;
  state_ = State::kClosed;
  return true;
}

bool BinaryParser::RejectAndSwallow(const char* header, Status status, Op op, RequestBatch* batch,
                                    Progress* progress) {
  Request* const request = batch->Add();
  request->op = op;
  request->well_formed = false;
  AddHeader(header, batch)->refusal = static_cast<uint16_t>(status);
  batch->EndLine();
  progress->consumed += kHeaderBytes;
  missing_ = SizesOf(header).body;
  state_ = State::kSwallow;
  return true;
}

bool BinaryParser::ParseBody(std::string_view rest, RequestBatch* batch, Progress* progress) {
  // Two at once: nothing more need come behind the last bytes to make somebody ask for the end.
  if (rest.empty() || batch->full() || batch->size() + 2 > RequestBatch::kCapacity) return false;
  Request* const request = batch->Add();
  request->op = Op::kBody;
  request->value = rest.substr(0, missing_);
  missing_ -= static_cast<uint32_t>(request->value.size());
  progress->consumed += request->value.size();
  if (missing_ > 0) return false;
  batch->Add()->op = Op::kBodyEnd;
  state_ = State::kHeader;
  return true;
}

bool BinaryParser::Swallow(std::string_view rest, Progress* progress) {
  const size_t taken = std::min<size_t>(rest.size(), missing_);
  missing_ -= static_cast<uint32_t>(taken);
  progress->consumed += taken;
  if (missing_ > 0) return false;
  state_ = State::kHeader;
  return true;
}

}  // namespace rat_memcache::protocol
