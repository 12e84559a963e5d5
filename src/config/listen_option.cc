// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/listen_option.h"

#include <algorithm>
#include <optional>

#include "base/decimal.h"

namespace rat_memcache::config {
namespace {

using Tls = ListenAddress::Tls;

constexpr size_t kTagLengthMax = 8;

// Takes `prefix` off the text, if it begins with it.
bool Skip(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// One address of a list. memcached finds all of these faults while binding: hence the exit code.
class AddressReader {
 public:
  AddressReader(Parse* parse, std::string_view option) : parse_(parse), option_(option) {}

  void Read(std::string_view text) {
    item_ = text;
    ListenAddress address;
    while (ReadPrefix(&text, &address)) {
    }
    if (parse_->error) return;
    ReadWhere(text, &address);
    if (!parse_->error) parse_->options().listen.push_back(std::move(address));
  }

 private:
  void Fail(std::string_view memcached, std::string_view instead) {
    std::string message(memcached);
    if (!message.empty()) message += ": ";
    parse_->Fail(message + std::string(option_) + " " + Quoted(item_) + ": " + std::string(instead),
                 kExitOs);
  }

  // False if there is none, or a wrong one.
  bool ReadPrefix(std::string_view* text, ListenAddress* address) {
    for (const Tls tls : {Tls::kNone, Tls::kNoClientCert, Tls::kRequireClientCert}) {
      if (Skip(text, std::string(NameOf(tls)) + ":")) {
        address->tls = tls;
        return true;
      }
    }
    if (text->starts_with("proto[")) return ReadProtocol(text, address);
    if (text->starts_with("tag[") || text->starts_with("tag_")) return ReadTag(text, address);
    return false;
  }

  bool ReadProtocol(std::string_view* text, ListenAddress* address) {
    const size_t end = text->find("]:");
    if (end == std::string_view::npos) {
      Fail("Invalid protocol spec", "write proto[ascii]:ADDRESS");
      return false;
    }
    const std::string_view name = text->substr(6, end - 6);
    text->remove_prefix(end + 2);
    if (name == "ascii") {
      address->protocol = WireProtocol::kAscii;
    } else if (name == "binary") {
      address->protocol = WireProtocol::kBinary;
    } else if (name == "negotiating") {
      address->protocol = WireProtocol::kNegotiated;
    } else if (name == "proxy") {
      Fail("Server not built with proxy", "this server is a cache only; remove the address");
      return false;
    } else {
      Fail("Invalid protocol spec",
           "there are proto[ascii]:, proto[binary]: and "
           "proto[negotiating]:");
      return false;
    }
    return true;
  }

  bool ReadTag(std::string_view* text, ListenAddress* address) {
    const size_t end = text->find((*text)[3] == '[' ? "]:" : "_:", 4);
    if (end == std::string_view::npos) {
      Fail("Invalid tag in socket config", "write tag[NAME]:ADDRESS or tag_NAME_:ADDRESS");
      return false;
    }
    const std::string_view tag = text->substr(4, end - 4);
    text->remove_prefix(end + 2);
    if (tag.empty() || tag.size() > kTagLengthMax) {
      Fail("Listener tags must be between 1 and 8 characters", "write tag[NAME]:ADDRESS");
      return false;
    }
    address->tag = tag;
    return true;
  }

  void ReadWhere(std::string_view text, ListenAddress* address) {
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
      const size_t end = text.find(']');
      const std::string_view rest = end == std::string_view::npos ? "?" : text.substr(end + 1);
      if (end <= 1 || (!rest.empty() && !rest.starts_with(':'))) {
        return Fail("Invalid IPV6 address", "write [IPv6] or [IPv6]:PORT, such as [::1]:11211");
      }
      address->host = text.substr(1, end - 1);
      if (!rest.empty()) port = rest.substr(1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
      const size_t colon = text.find(':');
      address->host = text.substr(0, colon);
      port = text.substr(colon + 1);
    } else {
      if (text.empty()) return Fail("", "there is no address; write ADDRESS or ADDRESS:PORT");
      address->host = text;
    }
    if (address->host == "*") address->host.clear();
    if (!port) return;
    address->port = ParseStrict<uint16_t>(*port);
    if (!address->port) {
      Fail("Invalid port number: \"" + std::string(*port) + "\"",
           "write ADDRESS, ADDRESS:PORT or [IPv6]:PORT, with a port from 0 to 65535");
    }
  }

  Parse* const parse_;
  const std::string_view option_;
  std::string_view item_;
};

}  // namespace

std::string_view NameOf(Tls tls) {
  switch (tls) {
    case Tls::kAsConfigured:
      return "";
    case Tls::kNone:
      return "notls";
    case Tls::kNoClientCert:
      return "btls";
    case Tls::kRequireClientCert:
      return "mtls";
  }
  return "";
}

void AddListen(Parse* parse, std::string_view list, std::string_view option) {
  std::string& shown = parse->options().listen_text;
  shown += shown.empty() ? "" : ",";
  shown += list;
  AddressReader reader(parse, option);
  bool any = false;
  while (!list.empty() && !parse->error) {
    const size_t end = std::min(list.find_first_of(",;"), list.size());
    const std::string_view item = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (item.empty()) continue;
    any = true;
    if (item.starts_with("unix:") || item.starts_with('/')) {
      return parse->Fail(std::string(option) + " " + Quoted(item) +
                         " is no address; a Unix socket is named with -s FILE");
    }
    reader.Read(item);
  }
  if (!any) {
    parse->Fail(std::string(option) + " names no address; write 127.0.0.1, or * for all interfaces",
                kExitOs);
  }
}

}  // namespace rat_memcache::config
