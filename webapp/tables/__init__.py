"""SQLAlchemy classes, one subject a file. "Model" means only what learns."""

from webapp.tables.account import ApiToken, AuditEvent, BrowserSession, Invitation, RecoveryCode, User
from webapp.tables.acquisition import Acquisition, PriceSource
from webapp.tables.analysis import Analysis, AnalysisTag, Artifact, LogLine
from webapp.tables.dashboard import DashboardChoice
from webapp.tables.document import Document
from webapp.tables.idempotency import IdempotencyKey
from webapp.tables.limit import CpuUse, HouseLimits, StorageUse, UserLimits
from webapp.tables.meter import Meter, Singleton
from webapp.tables.price import PriceData, PriceRevision, PriceSeries, Security, Snapshot, SnapshotItem
from webapp.tables.result import Backtest, FittedModel, PerformanceMetric, Prediction, TradeRow, UsedFeature
from webapp.tables.share import Group, GroupMember, Share, ShareOpening
from webapp.tables.stage_claim import StageClaim
from webapp.tables.study import Study
from webapp.tables.template import Template
from webapp.tables.trial import Trial, TrialSeries
from webapp.tables.upload import QuarantinedRow, Upload, UploadDecision, UploadFinding
from webapp.tables.worker import Worker

__all__ = [
    "Acquisition",
    "Analysis",
    "AnalysisTag",
    "ApiToken",
    "Artifact",
    "AuditEvent",
    "Backtest",
    "BrowserSession",
    "CpuUse",
    "DashboardChoice",
    "Document",
    "FittedModel",
    "Group",
    "GroupMember",
    "HouseLimits",
    "IdempotencyKey",
    "Invitation",
    "LogLine",
    "Meter",
    "PerformanceMetric",
    "Prediction",
    "PriceData",
    "PriceRevision",
    "PriceSeries",
    "PriceSource",
    "QuarantinedRow",
    "RecoveryCode",
    "Security",
    "Share",
    "ShareOpening",
    "Singleton",
    "Snapshot",
    "SnapshotItem",
    "StageClaim",
    "StorageUse",
    "Study",
    "Template",
    "TradeRow",
    "Trial",
    "TrialSeries",
    "Upload",
    "UploadDecision",
    "UploadFinding",
    "UsedFeature",
    "User",
    "UserLimits",
    "Worker",
]
