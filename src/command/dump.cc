// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/dump.h"

#include <algorithm>
#include <string>

#include "base/base64.h"
#include "base/decimal.h"
#include "base/percent_encoding.h"
#include "command/item_report.h"

namespace rat_memcache::command {
namespace {

using cache::ItemView;

class Dump : public Producer {
 public:
  Dump(const ThreadContext& context, DumpFormat format, const ClassSet& classes)
      : context_(context), format_(format), classes_(classes) {}

  bool Produce(GatherBuffer* out) override {
    text_.clear();
    const bool more =
        context_.cache->ScanPart(&cursor_, [&](std::string_view key, const ItemView& item) {
          const ItemReport report = ReportOf(item, key, *context_.shared);
          if (!classes_[static_cast<size_t>(report.item_class)]) return;
          format_ == DumpFormat::kKeys ? AddKey(key, report) : AddMetadata(key, report);
        });
    if (!more) text_ += format_ == DumpFormat::kKeys ? "EN\r\n" : "END\r\n";
    out->Append(text_);
    return more;
  }

 private:
  void AddMetadata(std::string_view key, const ItemReport& report) {
    const int64_t unix_at_zero = context_.shared->unix_at_zero;
    text_ += "key=";
    AppendPercentEncoded(key, &text_);
    text_ += " exp=";
    text_ += report.exptime == 0 ? "-1" : std::to_string(unix_at_zero + report.exptime);
    text_ += " la=" + std::to_string(unix_at_zero + context_.cache->Now() - report.idle_seconds);
    text_ += " cas=" + std::to_string(report.cas);
    text_ += report.fetched ? " fetch=yes" : " fetch=no";
    text_ += " cls=" + std::to_string(report.item_class);
    text_ += " size=" + std::to_string(report.size);
    text_ += " flags=" + std::to_string(report.client_flags);
    text_ += " \n";  // so in memcached
  }

  void AddKey(std::string_view key, const ItemReport& report) {
    text_ += "mg ";
    if (report.base64_key) {
      const size_t begin = text_.size();
      text_.resize(begin + Base64Size(key.size()));
      WriteBase64(text_.data() + begin, key);
      text_ += " b";
    } else {
      text_ += key;
    }
    text_ += "\r\n";
  }

  const ThreadContext context_;
  const DumpFormat format_;
  const ClassSet classes_;
  cache::Cache::ScanCursor cursor_;
  std::string text_;
};

}  // namespace

std::optional<ClassSet> ParseClasses(std::string_view words) {
  ClassSet classes;
  if (words == "all" || words == "hash") return classes.set();
  while (!words.empty()) {
    const size_t end = std::min(words.find(','), words.size());
    const auto number = ParseStrict<uint32_t>(words.substr(0, end));
    if (!number || *number == 0 || *number >= classes.size()) return std::nullopt;
    classes.set(*number);
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return classes;
}

std::unique_ptr<Producer> MakeDump(const ThreadContext& context, DumpFormat format,
                                   const ClassSet& classes) {
  return std::make_unique<Dump>(context, format, classes);
}

}  // namespace rat_memcache::command
