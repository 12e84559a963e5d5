// --help: the tables of options, in columns.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>

#include "base/version.h"
#include "config/extended_options.h"
#include "config/option_table.h"

namespace rat_memcache::config {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kColumn = 30;  // where explanations begin

bool Shown(std::string_view help, bool Features::*feature, const Features& features) {
  return !help.empty() && (feature == nullptr || features.*feature);
}

// The option's spelling, and beside it the explanation in lines of at most kWidth.
void AppendEntry(std::string* text, std::string spelling, std::string_view help) {
  if (spelling.size() >= kColumn) {
    *text += spelling + "\n";
    spelling.clear();
  }
  spelling.resize(kColumn, ' ');
  std::string line = spelling;
  while (!help.empty()) {
    const size_t end = std::min(help.find(' '), help.size());
    const std::string_view word = help.substr(0, end);
    help.remove_prefix(std::min(end + 1, help.size()));
    const bool first = line.size() == kColumn;
    if (!first && line.size() + 1 + word.size() > kWidth) {
      *text += line + "\n";
      line.assign(kColumn, ' ');
    } else if (!first) {
      line += ' ';
    }
    line += word;
  }
  *text += line + "\n";
}

void AppendOption(std::string* text, const Option& option) {
  std::string spelling = "  ";
  spelling += option.letter != 0 ? std::string{'-', option.letter} : "  ";
  if (!option.name.empty()) {
    spelling += option.letter != 0 ? ", --" : "  --";
    spelling += option.name;
  }
  if (!option.value.empty()) spelling += " " + std::string(option.value);
  AppendEntry(text, std::move(spelling), option.help);
}

}  // namespace

std::string HelpText(const Features& features) {
  std::string text = "rat_memcached " + std::string(kVersion) +
                     ": a memory cache that takes the place of memcached " + kMemcachedVersion +
                     "\n\nUsage: rat_memcached [option ...]\n";
  for (const Option& option : Options()) {
    if (!Shown(option.help, option.feature, features)) continue;
    if (option.apply == nullptr) {
      text += "\n" + std::string(option.help) + ":\n";
    } else {
      AppendOption(&text, option);
    }
  }
  for (const ExtendedWord& word : ExtendedWords()) {
    if (!Shown(word.help, word.feature, features)) continue;
    std::string spelling = "      " + std::string(word.name);
    if (!word.value.empty()) spelling += "=" + std::string(word.value);
    AppendEntry(&text, std::move(spelling), word.help);
  }
  text +=
      "\nAll other options of memcached are known as well; docs/options.md says what\n"
      "became of them.\n"
      "\nExample: rat_memcached -m 1024 -l 127.0.0.1:11211,[::1]:11211\n"
      "Signals: SIGTERM and SIGINT finish what was received and stop.\n";
  return text;
}

}  // namespace rat_memcache::config
