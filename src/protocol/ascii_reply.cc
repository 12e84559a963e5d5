// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/ascii_reply.h"

#include <cstring>

#include "base/check.h"

namespace rat_memcache::protocol::ascii {
namespace {

char* Put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

std::string_view TextOf(Reject reject) {
  switch (reject) {
    case Reject::kUnknownCommand:
      return kError;
    case Reject::kBadLine:
      return "CLIENT_ERROR bad command line format\r\n";
    case Reject::kBadChunk:
      return "CLIENT_ERROR bad data chunk\r\n";
    case Reject::kBadExptime:
      return "CLIENT_ERROR invalid exptime argument\r\n";
    case Reject::kBadDelta:
      return "CLIENT_ERROR invalid numeric delta argument\r\n";
    case Reject::kMetaNoFlag:
      return "CLIENT_ERROR bad command line format\r\n";
    case Reject::kMetaBadFlag:
      return "CLIENT_ERROR invalid flag\r\n";
    case Reject::kMetaDuplicateFlag:
      return "CLIENT_ERROR duplicate flag\r\n";
    case Reject::kMetaBadToken:
      return "CLIENT_ERROR bad token in command line format\r\n";
    case Reject::kMetaBadInitial:
      return "CLIENT_ERROR invalid numeric initial value\r\n";
    case Reject::kMetaBadDelta:
      return "CLIENT_ERROR invalid numeric delta value\r\n";
    case Reject::kMetaTooManyFlags:
      return "CLIENT_ERROR options flags are too long\r\n";
    case Reject::kMetaOpaqueTooLong:
      return "CLIENT_ERROR opaque token too long\r\n";
    case Reject::kMetaBadKey:
      return "CLIENT_ERROR error decoding key\r\n";
    case Reject::kMetaBadSetMode:
      return "CLIENT_ERROR invalid mode for ms M token\r\n";
    case Reject::kMetaBadArithmeticMode:
      return "CLIENT_ERROR invalid mode for ma M token\r\n";
    case Reject::kMetaBadOrDuplicateFlag:
      return "CLIENT_ERROR invalid or duplicate flag\r\n";
    case Reject::kUnauthenticated:
      return "CLIENT_ERROR unauthenticated\r\n";
    case Reject::kLoginTooLong:
      return "CLIENT_ERROR auth token too long\r\n";
  }
  RAT_CHECK(false, "unknown reject");
}

void AppendNumber(GatherBuffer* out, uint64_t number) {
  char* const begin = out->Reserve(kMaxDecimalDigits + 2);
  char* const end = WriteEndOfLine(WriteDecimal(begin, number));
  out->Commit(static_cast<size_t>(end - begin));
}

void AppendStat(GatherBuffer* out, std::string_view name, std::string_view value) {
  char* const begin = out->Reserve(name.size() + value.size() + 8);
  char* at = Put(begin, "STAT ");
  at = Put(at, name);
  *at++ = ' ';
  at = WriteEndOfLine(Put(at, value));
  out->Commit(static_cast<size_t>(at - begin));
}

}  // namespace rat_memcache::protocol::ascii
