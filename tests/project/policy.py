"""Who may do what: one line a use case, whatever doors lead to it. The access matrix derives every expectation from it.

How a line is read stands in `use_cases`; what is about people, in `policy_of_people`.
"""

from tests.project.policy_of_people import PEOPLE
from tests.project.use_cases import (
    ANALYSES,
    ANALYSIS,
    FETCHES,
    GRID,
    LOOK,
    PRICES,
    QUESTION,
    READ,
    RUN,
    STUDIES,
    STUDY,
    STUDY_FORM,
    THIS_STUDY,
    UPLOAD,
    UPLOADS,
    WRITE,
    UseCase,
    row,
)

POLICY = (
    # --- coming in ---
    UseCase(
        "sign in",
        None,
        {"GET /login": {}, "POST /login": {}, "GET /login/code": {}, "POST /login/code": {}},
        is_public=True,
    ),
    UseCase("get a token", None, {"POST /api/v1/tokens": {}}, is_public=True),
    UseCase("ask whether it lives", None, {"GET /healthz": {}, "GET /readyz": {}}, is_public=True),
    UseCase("read the metrics", None, {"GET /metrics": {}}, is_public=True),  # a token of the settings lets in
    UseCase("see style and pictures", None, {"GET /static/<path:filename>": {}}, is_public=True),
    UseCase(
        "accept an invitation",
        None,
        {"GET /invitation/<secret>": {}, "POST /invitation/<secret>": {}},
        is_public=True,
    ),
    UseCase("sign out", None, {"POST /logout": {}}),
    UseCase("choose a password in place of one that was given", None, {"GET /password": {}, "POST /password": {}}),
    UseCase("list tokens", None, {"GET /api/v1/tokens": {}}),
    UseCase("revoke a token", None, {"DELETE /api/v1/tokens/<token_id>": {}}, about="token"),
    # --- the shell of the pages: nothing of anybody ---
    UseCase(
        "load the pages",
        None,
        {
            "GET /": {},
            "GET /app/": {},
            "GET /app/<path:path>": {},
            "GET /app/assets/<path:filename>": {},
            "GET /app/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": {},
            "GET /app/_dash-layout": {},
            "GET /app/_dash-dependencies": {},
            "GET /app/_reload-hash": {},
            "GET /app/_favicon.ico": {},
            "POST /app/_dash-update-component": {},  # each callback has a line of its own
            "page /": {},
            "page /404": {},
        },
    ),
    # --- what there is to ask about ---
    UseCase("read the contract", None, {"GET /api/v1/openapi.json": {}}),
    UseCase("read the catalogue", None, {"GET /api/v1/catalog": {}}),
    UseCase("list instruments", PRICES, {"GET /api/v1/instruments": {}, "dashboard.search": {}}),
    UseCase(
        "read prices",
        PRICES,
        {
            "GET /api/v1/instruments/<instrument_id>/prices": {},
            "GET /api/v1/instruments/<instrument_id>/chart": {},
            "dashboard.draw": LOOK,
        },
        about="instrument",
    ),
    # --- the dashboard: what one looks at ---
    UseCase(
        "keep what one looks at", PRICES, {"dashboard.remember": {**LOOK, "dashboard-capital": 1}}, about="instrument"
    ),
    UseCase("choose for all instruments", PRICES, {"GET /api/v1/dashboard": {}, "PUT /api/v1/dashboard": {}}),
    UseCase(
        "see what can be pinned",
        READ,
        {"dashboard.offer_pins": LOOK, "dashboard.show_panels": {**LOOK, "dashboard-capital": 1}},
        about="instrument",
    ),
    UseCase(
        "hear what an analysis says of an instrument",
        READ,
        {"GET /api/v1/instruments/<instrument_id>/outlooks/<analysis_id>": {}},
        about="analysis",  # what is shared was made from prices that are not
    ),
    UseCase(
        "fill in what to look at",
        None,
        {
            "dashboard.look_between": {},
            "dashboard.add_indicator": {},
            "dashboard.change_indicators": {},
            "dashboard.remove_indicator": {},
        },
    ),
    # --- files of prices ---
    UseCase(
        "ask a source for prices",
        WRITE,
        {f"POST {FETCHES}": {"symbol": "AAPL"}, "data.add": {"data-symbol": "AAPL", "data-source": "yahoo"}},
    ),
    UseCase(
        "see what was asked for, and how sources answer",
        PRICES,
        {f"GET {FETCHES}": {}, "GET /api/v1/sources": {}, "page /data": {}, "data.show": {}},
    ),
    UseCase("watch a fetch", PRICES, {f"GET {FETCHES}/<acquisition_id>": {}}, about="acquisition"),
    UseCase(
        "cancel a fetch",
        WRITE,
        {
            f"DELETE {FETCHES}/<acquisition_id>": {},
            "data.cancel": {"data-requests": {"rowId": "{acquisition_id}", "colId": "cancel"}},
        },
        about="acquisition",
    ),
    UseCase(
        "read how bars came to be, and how sound they are",
        PRICES,
        {
            "GET /api/v1/instruments/<instrument_id>/revisions": {},
            "GET /api/v1/instruments/<instrument_id>/quality": {},
        },
        about="instrument",
    ),
    UseCase(
        "fetch an instrument again",
        WRITE,
        {
            "data.refresh": {"data-grid": {"rowId": "{instrument_id}", "colId": "refresh"}},
            "data.repeat": {"data-instrument-id": "{instrument_id}"},
        },
        about="instrument",
    ),
    UseCase("bring a file", WRITE, {f"POST {UPLOADS}": {}}),
    UseCase("list files", PRICES, {f"GET {UPLOADS}": {}, "page /data/upload": {}}),
    UseCase("read what was found in a file", PRICES, {f"GET {UPLOAD}": {}}, about="upload"),
    UseCase("download what stays out", PRICES, {f"GET {UPLOAD}/quarantine": {}}, about="upload"),
    UseCase(
        "delete a file",
        WRITE,
        {f"DELETE {UPLOAD}": {}, "upload.delete": {"upload-id": "{upload_id}"}},
        about="upload",
    ),
    UseCase(
        "say how a file is read",
        WRITE,
        {f"PATCH {UPLOAD}": {"decisions": []}, "upload.check": {"upload-id": "{upload_id}"}},
        about="upload",
    ),
    UseCase(
        "store a file",
        WRITE,
        {f"POST {UPLOAD}/store": {"symbol": "ABC"}, "upload.store": {"upload-id": "{upload_id}"}},
        about="upload",
    ),
    # --- asking ---
    UseCase(
        "fill in a question",
        None,  # the page says so itself to those who may not run
        {
            "page /new": {},
            "new_analysis.validate": {},
            "new_analysis.rebuild": {},
            "new_analysis.apply_json": {},
            "new_analysis.find_instruments": {"new-analysis-instruments": "GOOG"},
            "new_analysis.name_instruments": {},
        },
    ),
    UseCase("bring a bundle", RUN, {"POST /api/v1/bundles": {}}),
    UseCase("see how to bring one", None, {"page /import": {}}),  # the page says so itself to those who may not
    UseCase("list templates", READ, {"GET /api/v1/templates": {}}),
    UseCase(
        "keep a template",
        RUN,
        {
            "POST /api/v1/templates": {"name": "Another", "spec": {}},
            "new_analysis.keep": {"new-analysis-kept-name": "Another", "new-analysis-kept-target": ""},
        },
    ),
    UseCase(
        "start from a template",
        READ,
        {
            "GET /api/v1/templates/<template_id>": {},
            "new_analysis.choose_kept": {"new-analysis-kept-target": "{template_id}"},
        },
        about="template",
    ),
    UseCase(
        "change a template",
        RUN,
        {"PUT /api/v1/templates/<template_id>": {"name": "Another", "spec": {}}},
        about="template",
    ),
    UseCase(
        "delete a template",
        RUN,
        {
            "DELETE /api/v1/templates/<template_id>": {},
            "new_analysis.forget": {"new-analysis-kept-target": "{template_id}"},
        },
        about="template",
    ),
    UseCase(
        "submit a question",
        RUN,
        {
            f"POST {ANALYSES}": {"spec": QUESTION},
            "new_analysis.submit": {"new-analysis-instruments": ["MSFT@sample"], "new-analysis-written": ""},
        },
    ),
    UseCase(
        "list analyses",
        READ,
        {f"GET {ANALYSES}": {}, "page /analyses": {}, "analyses.show": {}, "analyses.go": {"analyses-mark": "other"}},
    ),
    UseCase("turn back to the first page, pick", None, {"analyses.first_page": {}, "analyses.pick": {}}),
    UseCase("take the filters of trades away", None, {"analysis.clear_trades": {}}),
    UseCase("list jobs", READ, {"GET /api/v1/jobs": {}, "page /jobs": {}, "jobs.show": {"jobs-whose": "mine"}}),
    UseCase("see how the installation does", None, {"layout.show_status": {}}),
    # --- reading an analysis ---
    UseCase(
        "watch an analysis",
        READ,
        {
            f"GET {ANALYSIS}": {},
            "GET /app/marks/analyses/<analysis_id>": {},
            "page /analyses/<public_id>": {},
        },
        about="analysis",
        readers=True,
    ),
    UseCase("read the log", READ, {f"GET {ANALYSIS}/log": {}, "analysis.read_log": {}}, about="analysis", readers=True),
    UseCase(
        "read an answer",
        READ,
        {
            f"GET {ANALYSIS}/results": {},
            f"GET {ANALYSIS}/equity": {},
            f"GET {ANALYSIS}/trades": {},
            f"GET {ANALYSIS}/predictions": {},
            f"GET {ANALYSIS}/export": {},
            f"GET {ANALYSIS}/model": {},
            f"POST {ANALYSIS}/documents": {"kind": "html"},
            f"GET {ANALYSIS}/documents": {},
            f"POST {ANALYSIS}/documents/cancel": {"kind": "html"},
            f"GET {ANALYSIS}/document": {},
            "analysis.make_document": {},
            "analysis.open_tab": {},
            "analysis.draw_price": {},
            "analysis.filter_trades": {},
            "analysis.sort_trades": {},
            "analysis.turn_trades": {},
        },
        about="analysis",
        readers=True,
    ),
    UseCase(
        "compare analyses",
        READ,
        # Of the failed ones that the cases are about nothing can be compared; `tests/webapp/services` has the rest.
        {"GET /api/v1/compare": {}, "page /compare": {}},
    ),
    # --- changing an analysis: its owner alone ---
    UseCase(
        "rename, tag or archive",
        RUN,
        {
            f"PATCH {ANALYSIS}": {"tags": ["idea"]},
            "analyses.archive": {"analyses-picked": ["{analysis_id}"]},
            "analyses.bring_back": {"analyses-picked": ["{analysis_id}"]},
            "analyses.add_tag": {"analyses-picked": ["{analysis_id}"], "analyses-tag-text": "idea"},
            "analyses.remove_tag": {"analyses-picked": ["{analysis_id}"], "analyses-tag-text": "idea"},
        },
        about="analysis",
    ),
    UseCase(
        "cancel an analysis",
        RUN,
        {f"POST {ANALYSIS}/cancel": {}, "analysis.cancel": {}, "jobs.stop": {"jobs-active": row("stop")}},
        about="analysis",
    ),
    UseCase(
        "run an analysis again",
        RUN,
        {f"POST {ANALYSIS}/rerun": {}, "analysis.rerun": {}, "jobs.again": {"jobs-finished": row("again")}},
        about="analysis",
    ),
    UseCase(
        "hear of a newer bar", RUN, {f"GET {ANALYSIS}/newest": {}, "analysis.predict_newest": {}}, about="analysis"
    ),
    UseCase("see who may read", READ, {f"GET {ANALYSIS}/shares": {}, "share_dialog.open_dialog": {}}, about="analysis"),
    UseCase(
        "share an analysis",
        RUN,
        {
            f"POST {ANALYSIS}/shares": {"kind": "link"},
            "share_dialog.add_user": {"analysis-share-email": "nobody@example.org"},
            "share_dialog.add_group": {"analysis-share-group": "nothing"},
            "share_dialog.make_link": {"analysis-share-days": "7"},
        },
        about="analysis",
    ),
    UseCase(
        "take a share back",
        RUN,
        {f"DELETE {ANALYSIS}/shares/<share_id>": {}, "share_dialog.take_back": {}},
        about="analysis",
    ),
    UseCase(
        "open a link",
        READ,
        {"POST /api/v1/links/open": {"secret": "{secret}"}, "GET /app/shared/<secret>": {}},
    ),
    # --- studies: their owner alone ---
    UseCase(
        "submit a study",
        RUN,
        {
            f"POST {STUDIES}": GRID,
            "POST /api/v1/study-size": GRID,
            "new_study.submit": STUDY_FORM,
            "new_study.validate": STUDY_FORM,
        },
    ),
    UseCase("begin a study", None, {"page /new-study": {}, "new_study.begin": {}}),
    UseCase("list studies", READ, {f"GET {STUDIES}": {}, "page /studies": {}, "studies.show": {}}),
    UseCase(
        "watch a study",
        READ,
        {
            f"GET {STUDY}": {},
            f"GET {STUDY}/members": {},
            f"GET {STUDY}/leaderboard": {},
            f"GET {STUDY}/portfolio": {},
            f"GET {STUDY}/heat-map": {},
            "page /studies/<public_id>": {},
            "study.combine": THIS_STUDY,
            "study.offer": THIS_STUDY,
            "study.show": THIS_STUDY,
        },
        about="study",
    ),
    UseCase("cancel a study", RUN, {f"POST {STUDY}/cancel": {}, "study.cancel": THIS_STUDY}, about="study"),
    UseCase("pause a study", RUN, {f"POST {STUDY}/pause": {}, "study.pause": THIS_STUDY}, about="study"),
    UseCase("resume a study", RUN, {f"POST {STUDY}/resume": {}, "study.resume": THIS_STUDY}, about="study"),
    UseCase("retry what failed in a study", RUN, {f"POST {STUDY}/retry": {}, "study.retry": THIS_STUDY}, about="study"),
    UseCase("delete a study", RUN, {f"DELETE {STUDY}": {}, "study.delete": THIS_STUDY}, about="study"),
    *PEOPLE,
)
