#pragma once

namespace warren::chat {

/// The rules of append and delivery that the simulation proves necessary: built with WARREN_RULE_SWITCHES
/// (the simulation only) each can be switched off, and then some seed must fail. @see docs/guarantees.md
enum class Rule {
    retry_empty_read,       ///< An empty read where something should be is repeated, never believed.
    refuse_stale_head,      ///< A head below what this node has seen is not built on.
    refuse_stale_stays,     ///< Nor is an answer given from before what this node or the client has seen.
    look_up_nonces,         ///< Nonces are looked up in the store before, or with, an insert.
    merge_equal_nonces,     ///< Equal nonces that wait or are in flight become one proposal.
    recheck_membership,     ///< Membership is evaluated as of the head that is built on, at every attempt.
    project_before_ack,     ///< Projections are written before the author acknowledges.
    drop_repeats,           ///< An entry at or below the cursor is not delivered again.
    wait_for_gaps,          ///< A later entry waits for the missing ones, which are read.
    deliver_by_membership,  ///< Whom an entry puts out gets nothing after it.
    audit_periodically,     ///< Cursors are compared with the store in the background.
    audit_on_up,            ///< ... and when the bus came back.
    audit_on_beats,         ///< ... and when a peer's beats went missing or skip a number.
    wait_for_bindings,      ///< A connection is open only once its user's bindings stand.
    hold_during_sync,       ///< Pushes are held while a sync is answered, and those it covers dropped.
    announce_again,         ///< Heads whose publish failed are announced later.
    follow_up,              ///< What an append of unknown outcome left behind is looked for.
    recheck_targets,        ///< So are the messages that edits, deletes and reactions are about.
    see_own_batch,          ///< ... with what goes before in the same run.
    note_before_delete,     ///< A delete is noted durably before it is appended.
    blank_before_ack,       ///< Deleted text is gone from the store before the delete is acknowledged.
    sweep_notes,            ///< Whoever finds a note of a delete finishes it.
    hide_deleted,           ///< Raw entries are checked against deletes before they leave a node.
    hide_from_joiners,      ///< Of what they may not read, joiners get edits without their text.
    begin_later_first,      ///< A log begins later before anything is removed from it.
    finish_removals,        ///< Whoever finds a removal half done finishes it.
};
inline constexpr int kRuleCount = 26;

#ifdef WARREN_RULE_SWITCHES
bool on(Rule rule);
void switch_rule(Rule rule, bool value);
#else
constexpr bool on(Rule) {
    return true;
}
#endif

}  // namespace warren::chat
