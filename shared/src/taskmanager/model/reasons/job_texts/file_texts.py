"""Problems with the files of a job: its source, the workspace, its results."""

from taskmanager.model.reasons.coded_text import TextFamily

FILES = TextFamily("file", "What is wrong with the source or the results of a job.")
_text = FILES.text

SOURCE_MISSING = _text(
    "source_missing", "the source %(path)s does not exist: check the path and whether the share is mounted"
)
SOURCE_EMPTY = _text(
    "source_empty", "the source %(path)s holds no files (hidden files and sub-folders do not count)"
)
SOURCE_WITHOUT_PARTS = _text(
    "source_without_parts", "the source %(path)s holds nothing of what the job takes (%(wanted)s)"
)
SEVERAL_FOLDERS = _text(
    "several_folders",
    "%(pattern)s means files of several folders (%(folders)s): name one folder in the template",
)
LINK_NOT_FOLLOWED = _text("link_not_followed", "the source holds a link that is not followed: %(error)s")
LINK_TO_NOTHING = _text("link_to_nothing", "the source holds a broken link: %(path)s")
SOURCE_NO_FILE = _text("source_no_file", "the source %(path)s is %(kind)s: name a file or a folder")
FOREIGN_JOURNAL = _text(
    "foreign_journal",
    "the folder %(path)s holds a journal that no runner of this plugin can have written "
    "(%(error)s): none of it was carried out; inspect it, remove it and retry the job",
)
JOURNAL_WITHOUT_SEAL = _text("journal_without_seal", "it does not carry this runner's seal")
JOURNAL_MALFORMED = _text("journal_malformed", "it is not a journal")
JOURNAL_LEADS_AWAY = _text("journal_leads_away", "it names %(name)s, which is not inside the folder")
JOURNAL_NO_FILE = _text("journal_no_file", "it is not a regular file of a plausible size")
JOURNAL_OF_OTHER = _text("journal_of_other", "it belongs to user %(number)s")
DESTINATION_IS_FILE = _text("destination_is_file", "the destination %(path)s is a file: name a folder")
DESTINATION_WITHOUT_PARENT = _text(
    "destination_without_parent",
    "the destination %(path)s cannot be created because %(parent)s does not exist: check the "
    "path and whether the share is mounted",
)
APPEARED = _text("appeared", "%(name)s appeared in the destination while results were being placed")
RESULT_NO_FILE = _text("result_no_file", "the plugin left %(name)s, which is not a regular file")
RESULT_BAD_NAME = _text(
    "result_bad_name", "the plugin made %(name)s; names that begin with %(prefix)s are not allowed"
)
RESULT_NEEDS_FOLDER = _text(
    "result_needs_folder",
    "the result %(name)s needs a folder %(folder)s, but there is something else of that name",
)
RESULT_IS_FOLDER = _text(
    "result_is_folder", "the result %(name)s cannot be placed because there is a folder of that name"
)
RESULT_IS_SOURCE = _text(
    "result_is_source",
    "the result %(name)s would replace a source of its own job, which lies in the "
    "destination under that name: name another folder, or a template that works in place",
)
NOT_ENOUGH_SPACE = _text(
    "not_enough_space",
    "not enough space in %(path)s: %(needed)s needed, %(free)s free; make room and retry the job",
)
EXISTING_NOT_REMOVED = _text(
    "existing_not_removed",
    (
        "%(path)s holds %(number)s file(s) of pages that no longer exist (%(names)s), and nothing is "
        "removed over Goobi's files API: remove them in Goobi, or set the parameter existing to keep"
    ),
)
RESULTS_ARE_SOURCES = _text(
    "results_are_sources",
    "%(number)s result(s) would replace sources of the job, which lie in the destination "
    "under the same names: %(names)s; name another folder, or a template that works in "
    "place",
)
ASKED_TOO_LATE = _text("asked_too_late", "%(name)s was requested after the job had ended")
RESULT_FOREIGN_LINK = _text(
    "result_foreign_link", "the result %(name)s is a link to a file of another user: copy the file instead"
)
OF_KIND = _text("of_kind", "%(name)s (%(kind)s)")
OF_FILE = _text("of_file", "%(name)s: %(error)s")
SAME_STEM = _text(
    "same_stem", "%(name)s and %(other)s would get results of the same name; remove or rename one"
)
SAME_RESULT = _text("same_result", "%(name)s and %(other)s would both become %(result)s")
ODD_WORKSPACE = _text(
    "odd_workspace", "the workspace %(path)s has characters in its path that image tools interpret"
)
NO_SPACE = _text("no_space", "no space is left on the file system of %(path)s: free some and retry the job")
QUOTA = _text(
    "quota", "the disk quota for %(path)s is used up: free some space or raise it, then retry the job"
)
NO_ACCESS = _text(
    "no_access", "the runner's user may not access %(path)s: give it the permission and retry the job"
)
NO_CHANGE = _text(
    "no_change", "the runner's user may not change %(path)s: give it the permission and retry the job"
)
READ_ONLY = _text("read_only", "%(path)s lies on a file system that is mounted read-only")
NOT_FOUND = _text("not_found", "%(path)s does not exist")
PART_NO_FOLDER = _text("part_no_folder", "a part of %(path)s is not a folder")
NEW_LINK = _text(
    "new_link", "%(path)s leads through a link that was not there when the job looked at it: restore the file"
)
STORAGE_FAILED = _text(
    "storage_failed",
    "reading or writing %(path)s failed in the storage itself: check the disk or the file server",
)
LOST_BY_SERVER = _text("lost_by_server", "the file server lost %(path)s: remount it and retry the job")
SERVER_AWAY = _text(
    "server_away", "the file server of %(path)s is not connected: remount it and retry the job"
)
NAME_TOO_LONG = _text("name_too_long", "the name of %(path)s is too long for its file system")
TOO_MANY_OPEN = _text(
    "too_many_open", "too many files are open at once; the limit of the runner's user (ulimit -n) is reached"
)
NO_MEMORY = _text("no_memory", "the machine has no memory left")
SOME_FILE = _text("some_file", "a file of the job")
NOT_COPIED = _text("not_copied", "%(path)s could not be copied to the workspace: %(error)s")
SOURCE_UNREADABLE = _text("source_unreadable", "the source %(path)s cannot be read: %(error)s")
DESTINATION_UNWRITABLE = _text(
    "destination_unwritable", "the destination %(path)s cannot be written to: %(error)s"
)
DESTINATION_UNREADABLE = _text("destination_unreadable", "the destination %(path)s cannot be read: %(error)s")
NOT_PLACED = _text(
    "not_placed", "the results could not be put into %(path)s, which is as it was before: %(error)s"
)
WORKSPACE_UNUSABLE = _text("workspace_unusable", "the workspace of the runner cannot be used: %(error)s")
NOT_FETCHED = _text("not_fetched", "%(name)s could not be fetched to the workspace: %(error)s")
EXISTING_KEPT = _text(
    "existing_kept",
    "%(number)s file(s) in %(path)s look like results of pages that no longer exist and are kept: "
    "%(names)s (the parameter existing=replace removes them)",
)
EXISTING_REFUSED = _text(
    "existing_refused",
    (
        "%(path)s already holds %(number)s file(s) with the suffix of the results: %(names)s; remove "
        "them, or set the parameter existing to keep or replace"
    ),
)
ODD_LEFT_OUT = _text("odd_left_out", "left out, because jobs read nothing of this kind: %(names)s")
RIGHTS_NOT_KEPT = _text(
    "rights_not_kept", "the permissions of %(number)s replaced file(s) could not be kept: %(problems)s"
)
GROUP = _text("group", "group %(number)s")
MODE = _text("mode", "mode %(mode)s")
ACCESS_LIST = _text("access_list", "access control list")
OWNER = _text("owner", "owner %(number)s")
NOTHING_TO_WORK_ON = _text(
    "nothing_to_work_on", "the source has no file to work on (wanted: %(wanted)s; found: %(found)s)"
)
LEFT_OUT = _text("left_out", "%(number)s file(s) left out, which are not among %(wanted)s: %(names)s")
RECORD_LOST = _text("record_lost", "the record of the destination has disappeared from the workspace")
RECORD_UNWRITABLE = _text(
    "record_unwritable", "the record of the job cannot be placed: the runner may not write to %(path)s"
)
NO_RECORD_OVER_API = _text(
    "no_record_over_api", "no record of the job was left: over Goobi's files API there is no place for it"
)
SOURCE_CHANGED = _text(
    "source_changed",
    "%(path)s was changed while the job read it, so its record could not say what was read",
)
PLACED_OTHERWISE = _text(
    "placed_otherwise", "%(name)s is not in the destination as the plugin made it: its bytes differ"
)
