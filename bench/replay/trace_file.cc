// SPDX-License-Identifier: LGPL-3.0-or-later
#include "replay/trace_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <vector>

#include "base/decimal.h"
#include "base/hash.h"

namespace rat_memcache::replay {
namespace {

constexpr size_t kBufferBytes = 256 << 10;
// memcached's limit; a longer key would be refused by a server and is a mistake in a trace.
constexpr size_t kMaxKeySize = 250;

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

// A file, in pieces of whole records: a record is a number of bytes, or a line.
class FileSource : public TraceSource {
 public:
  FileSource(FileHandle file, std::string path, uint64_t file_bytes)
      : path_(std::move(path)),
        file_(std::move(file)),
        file_bytes_(file_bytes),
        buffer_(kBufferBytes) {}

  double Done() const override {
    return file_bytes_ == 0 ? 0 : static_cast<double>(taken_) / static_cast<double>(file_bytes_);
  }

 protected:
  std::string_view Unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void Take(size_t bytes) {
    begin_ += bytes;
    taken_ += bytes;
  }
  // Reads more behind what is unread. False at the end of the file, or if the buffer is full.
  bool Refill() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    const size_t got = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
    end_ += got;
    return got > 0;
  }
  uint64_t taken() const { return taken_; }
  const std::string path_;

 private:
  const FileHandle file_;
  const uint64_t file_bytes_;  // 0: unknown
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t taken_ = 0;
};

class NumberSource : public FileSource {
 public:
  NumberSource(FileHandle file, std::string path, uint64_t file_bytes, size_t size)
      : FileSource(std::move(file), std::move(path), file_bytes), size_(size) {}

  bool Next(TraceRequest* request) override {
    while (Unread().size() < size_) {
      if (Refill()) continue;
      if (Unread().empty()) return false;
      return Fail({path_ + " ends within a number of " + std::to_string(size_) +
                   " bytes: is --format right?"});
    }
    *request = {.id = ReadBigEndian(Unread().data(), size_)};
    Take(size_);
    return true;
  }

 private:
  const size_t size_;
};

class LineSource : public FileSource {
 public:
  using FileSource::FileSource;

  bool Next(TraceRequest* request) override {
    // The line before may be in use until now.
    Take(line_bytes_);
    line_bytes_ = 0;
    while (true) {
      size_t end = Unread().find('\n');
      while (end == std::string_view::npos && Refill()) {
        end = Unread().find('\n');
      }
      // The last line may have no end.
      std::string_view line = Unread().substr(0, end);
      if (end == std::string_view::npos && line.empty()) return false;
      line_bytes_ = std::min(line.size() + 1, Unread().size());
      ++line_number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty() && line.front() != '#') {
        if (ParseTraceLine(line, request)) return true;
        return Fail({path_ + ", line " + std::to_string(line_number_) +
                     ": write KEY[,SIZE[,TTL]] with a key of 1 to 250 bytes, a size up to " +
                     std::to_string(kMaxValueSize) + " and a TTL in whole seconds"});
      }
      Take(line_bytes_);
      line_bytes_ = 0;
    }
  }

 private:
  size_t line_bytes_ = 0;  // of the line that was given out last
  uint64_t line_number_ = 0;
};

// The next field, taken off `rest` with the separators behind it.
std::string_view TakeField(std::string_view* rest) {
  constexpr std::string_view kSeparators = ", \t";
  const size_t end = std::min(rest->find_first_of(kSeparators), rest->size());
  const std::string_view field = rest->substr(0, end);
  rest->remove_prefix(std::min(rest->find_first_not_of(kSeparators, end), rest->size()));
  return field;
}

bool IsKey(std::string_view text) {
  return !text.empty() && text.size() <= kMaxKeySize &&
         std::none_of(text.begin(), text.end(), [](char c) { return c >= '\0' && c <= ' '; });
}

}  // namespace

std::optional<TraceFormat> ParseTraceFormat(std::string_view text) {
  if (text == "be32") return TraceFormat::kBigEndian32;
  if (text == "be64") return TraceFormat::kBigEndian64;
  if (text == "text") return TraceFormat::kText;
  return std::nullopt;
}

uint64_t ReadBigEndian(const char* bytes, size_t size) {
  uint64_t number = 0;
  for (size_t i = 0; i < size; ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

bool ParseTraceLine(std::string_view line, TraceRequest* request) {
  const std::string_view key = TakeField(&line);
  if (!IsKey(key)) return false;
  // The seed is fixed so that sizes by hash are the same in every run.
  *request = {.id = HashBytes(key, 0), .text = key};
  if (!line.empty()) {
    request->value_size = ParseStrict<uint32_t>(TakeField(&line));
    if (!request->value_size || *request->value_size > kMaxValueSize) return false;
  }
  if (!line.empty()) {
    request->ttl = ParseStrict<uint32_t>(TakeField(&line));
    if (!request->ttl) return false;
  }
  return line.empty();
}

Result<std::unique_ptr<TraceSource>> OpenTraceFile(const std::string& path, TraceFormat format) {
  FileHandle file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!file) return Error{"cannot read " + path + ": " + std::strerror(errno)};
  struct stat facts {};
  const bool known = ::fstat(::fileno(file.get()), &facts) == 0 && S_ISREG(facts.st_mode);
  const uint64_t bytes = known ? static_cast<uint64_t>(facts.st_size) : 0;
  std::unique_ptr<TraceSource> source;
  if (format == TraceFormat::kText) {
    source = std::make_unique<LineSource>(std::move(file), path, bytes);
  } else {
    const size_t size = format == TraceFormat::kBigEndian32 ? 4 : 8;
    source = std::make_unique<NumberSource>(std::move(file), path, bytes, size);
  }
  return source;
}

}  // namespace rat_memcache::replay
