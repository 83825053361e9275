"""Rows of the figures."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DateTime, Numeric
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class DashboardMonth(SQLModel, table=True):
    """One county's month as the state sees it."""

    __tablename__ = "dashboard_month"
    __table_args__ = {"schema": "shared"}
    tenant_id: UUID = Field(primary_key=True)
    month: date = Field(primary_key=True)
    applications: int = 0
    decisions: int = 0
    median_days: Decimal | None = Field(default=None, sa_type=Numeric(6, 1))
    online_share: Decimal | None = Field(default=None, sa_type=Numeric(4, 2))
    closed_at: datetime | None = Field(default=None, sa_type=Moment)


class PeriodFigure(SQLModel, table=True):
    """What a county itself says of a closed month."""

    __tablename__ = "period_figure"
    month: date = Field(primary_key=True)
    median_days: Decimal | None = Field(default=None, sa_type=Numeric(6, 1))
    online_share: Decimal | None = Field(default=None, sa_type=Numeric(4, 2))
    closed_at: datetime = Field(sa_type=Moment)
