#include "model/member_state.hpp"

#include <algorithm>

namespace warren {

MemberState apply(MemberState state, const MemberUpdate& update) {
    auto& mark = state.watermark;
    mark.delivered = std::max(mark.delivered, update.watermark.delivered);
    mark.read = std::max(mark.read, update.watermark.read);
    mark.read_count = std::max(mark.read_count, update.watermark.read_count);
    auto& settings = state.settings;
    settings.muted = update.muted.value_or(settings.muted);
    settings.pinned = update.pinned.value_or(settings.pinned);
    settings.archived = update.archived.value_or(settings.archived);
    settings.notify = update.notify.value_or(settings.notify);
    settings.unread = update.unread.value_or(settings.unread);
    if (update.changes_settings()) ++settings.revision;
    return state;
}

}  // namespace warren
