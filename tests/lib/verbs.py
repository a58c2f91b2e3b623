"""What scenarios are told in: from verbs import *"""

import clients
from child import redis_of
from dns import Dns
from flow import Flow
from mx import Mx
from relay import CliFailed, PROGRAM, Refused, Relay, Reply, User, mail_text, run_cli
from roles import ROLES, RolesApart, start_redis
from stage import Failed, PATIENCE, Process, free_port, holds, same, stage, until
